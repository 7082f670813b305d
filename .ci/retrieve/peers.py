"""Announces studies that Orthanc has and follows them to their reports.

Usage: peers.py archive|away|back CONFIG DICOM_PORT WEB PHANTOMS. Prints a line per check.
"""
import email
import email.policy
import io
import json
import subprocess
import sys
import time
import traceback
import urllib.error
import urllib.request
from collections import Counter
from pathlib import Path

import pydicom
from pydicom.dataset import Dataset
from pydicom.uid import generate_uid
from pynetdicom import AE
from pynetdicom.sop_class import InstanceAvailabilityNotification

PHASE, CONFIG, PORT, WEB, PHANTOMS = sys.argv[1], sys.argv[2], int(sys.argv[3]), sys.argv[4], Path(sys.argv[5])
PATIENCE = 90  # seconds for one report on two busy cores
REPORTED = ("flagged", "not-flagged", "indeterminate", "not-analysed")


def check(name, fn):
    try:
        fn()
        print(f"ok    {name}", flush=True)
    except Exception:
        print(f"FAIL  {name}", flush=True)
        print("      " + traceback.format_exc(limit=2)[-700:].replace("\n", "\n      "), flush=True)


class Study:
    """A phantom as its files say it is."""

    def __init__(self, folder):
        self.files = sorted((folder / "dicom").glob("*.dcm"))
        self.headers = [pydicom.dcmread(f, stop_before_pixels=True) for f in self.files]
        self.uid = self.headers[0].StudyInstanceUID

    def notification(self, source, availability="ONLINE"):
        """PS3.4 Table R.3.2-1, with an address that must not be used."""
        series = {}
        for h in self.headers:
            ref = Dataset()
            ref.ReferencedSOPClassUID, ref.ReferencedSOPInstanceUID = h.SOPClassUID, h.SOPInstanceUID
            ref.InstanceAvailability, ref.RetrieveAETitle = availability, source
            ref.RetrieveURL = "http://192.0.2.1/never"
            series.setdefault(h.SeriesInstanceUID, []).append(ref)
        ds = Dataset()
        ds.ReferencedPerformedProcedureStepSequence = []
        ds.StudyInstanceUID = self.uid
        ds.ReferencedSeriesSequence = []
        for uid, refs in series.items():
            item = Dataset()
            item.SeriesInstanceUID, item.ReferencedSOPSequence = uid, refs
            ds.ReferencedSeriesSequence.append(item)
        return ds


STUDIES = [Study(p) for p in sorted(PHANTOMS.iterdir()) if (p / "dicom").is_dir()]


def notify(ds, uid=None):
    ae = AE(ae_title="RIS")
    ae.add_requested_context(InstanceAvailabilityNotification)
    assoc = ae.associate("127.0.0.1", PORT, ae_title="NECKFRAC")
    assert assoc.is_established, "no association"
    status, _ = assoc.send_n_create(ds, InstanceAvailabilityNotification, uid or generate_uid())
    assoc.release()
    return status.Status


def wants(status, ds, uid=None):
    got = notify(ds, uid)
    assert got == status, f"status {got:04X}, want {status:04X}"


def get(path, accept="application/json"):
    with urllib.request.urlopen(urllib.request.Request(WEB + path, headers={"Accept": accept}), timeout=30) as r:
        return r.headers, r.read()


def reported(study):
    end = time.monotonic() + PATIENCE
    state = images = None
    while time.monotonic() < end:
        try:
            s = json.loads(get(f"/api/v1/studies/{study.uid}")[1])["study"]
            state, images = s["state"], s["images"]
        except urllib.error.HTTPError as e:
            if e.code != 404:
                raise
        if state in REPORTED and images == len(study.files):
            return
        time.sleep(0.3)
    raise AssertionError(f"state {state} with {images} of {len(study.files)} images")


def has_fhir_report(study):
    body = json.loads(get(f"/fhir/DiagnosticReport?identifier=urn:dicom:uid|urn:oid:{study.uid}", "application/fhir+json")[1])
    assert body["total"] >= 1, body["total"]


def same_pixels(study):
    """What we hand out is what the files hold, slice by slice."""
    headers, body = get(f"/dicom-web/studies/{study.uid}", 'multipart/related; type="application/dicom"; transfer-syntax=*')
    message = email.message_from_bytes(b"Content-Type: " + headers["Content-Type"].encode() + b"\r\n\r\n" + body, policy=email.policy.HTTP)
    got = Counter()
    for part in message.iter_parts():
        ds = pydicom.dcmread(io.BytesIO(part.get_payload(decode=True)))
        got[ds.SOPInstanceUID, ds.PixelData] += 1
    want = Counter()
    for f in study.files:
        ds = pydicom.dcmread(f)
        want[ds.SOPInstanceUID, ds.PixelData] += 1
    assert got == want, f"{sum(got.values())} slices, {sum((want - got).values())} missing or different"


def command(study, source, *more):
    run = subprocess.run(["bin/neckfrac", "retrieve", "--config", CONFIG, "--from", source, "--study", study.uid, *more],
                         capture_output=True, text=True, timeout=PATIENCE)
    assert run.returncode == 0, run.stdout + run.stderr
    return run.stdout


def dry(study, source, held):
    out = command(study, source, "--dry-run")
    want = f"{len(study.files)} × CT Image Storage, {held} held"
    assert want in out, f"{out!r} lacks {want!r}"


def broken(study, tag):
    ds = study.notification("ARCHIVE_GET")
    del ds.ReferencedSeriesSequence[0].ReferencedSOPSequence[0][tag]
    return ds


def archive():
    ways = list(zip(STUDIES, ("ARCHIVE_GET", "ARCHIVE_MOVE", "ARCHIVE_WEB"), ("C-GET", "C-MOVE", "WADO-RS")))
    first = STUDIES[0]
    check("a source that is not configured: 0124H", lambda: wants(0x0124, first.notification("SOMEBODY")))
    check("no availability: 0120H", lambda: wants(0x0120, broken(first, "InstanceAvailability")))
    check("no instance UID: 0120H", lambda: wants(0x0120, broken(first, "ReferencedSOPInstanceUID")))
    check("availability that is none: 0106H", lambda: wants(0x0106, first.notification("ARCHIVE_GET", "SOON")))
    for word in ("NEARLINE", "OFFLINE", "UNAVAILABLE"):
        check(f"{word}: success, nothing fetched", lambda: wants(0, first.notification("ARCHIVE_GET", word)))
    for study, source, way in ways:
        find = "QIDO-RS" if way == "WADO-RS" else "C-FIND"
        check(f"{way}: {find} lists the study, nothing is held", lambda: dry(study, source, 0))
    uid = generate_uid()
    for study, source, way in ways:
        check(f"{way}: notification by pynetdicom: success", lambda: wants(0, study.notification(source), uid))
    check("C-GET: the same notification again: success", lambda: wants(0, STUDIES[0].notification("ARCHIVE_GET"), uid))
    check("C-GET: other instances under its UID: 0111H", lambda: wants(0x0111, STUDIES[1].notification("ARCHIVE_GET"), uid))
    for study, source, way in ways:
        check(f"{way}: every slice came and the study has its result", lambda: reported(study))
        check(f"{way}: the FHIR report is there", lambda: has_fhir_report(study))
        check(f"{way}: the pixels are those of the files", lambda: same_pixels(study))
        check(f"{way}: dry run says that all is held", lambda: dry(study, source, len(study.files)))
    check("neckfrac retrieve of what is held ends at once", lambda: command(STUDIES[0], "ARCHIVE_GET"))


def away():
    check("notification of an archive that is away: success", lambda: wants(0, STUDIES[3].notification("ARCHIVE_GET")))


def back():
    check("the archive came back: the study has its result", lambda: reported(STUDIES[3]))
    check("the archive came back: the pixels are those of the files", lambda: same_pixels(STUDIES[3]))


{"archive": archive, "away": away, "back": back}[PHASE]()
