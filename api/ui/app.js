// Entry: the address decides which view asks the API for what.
import { showStudy } from "./study.js";
import { showWorklist } from "./worklist.js";

const study = location.pathname.match(/^\/studies\/([^/]+)$/);
if (study) {
  // The segment is passed on as it is: it is encoded already.
  showStudy(document.getElementById("main"), study[1]);
} else {
  showWorklist(document.getElementById("main"));
}
