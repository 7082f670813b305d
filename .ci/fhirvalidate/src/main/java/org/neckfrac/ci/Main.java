package org.neckfrac.ci;

import ca.uhn.fhir.validation.ResultSeverityEnum;
import ca.uhn.fhir.validation.SingleValidationMessage;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;

/** Checks every JSON file; exit 0 all passed, 1 some failed, 2 the command line or the folder is at fault. */
public final class Main {
    private static final PrintStream OUT = System.out;

    private Main() {}

    public static void main(String[] args) throws IOException {
        Options options;
        try {
            options = Options.parse(List.of(args));
        } catch (Options.UsageException e) {
            System.err.println("fhirvalidate: " + e.getMessage());
            System.err.print(Options.USAGE);
            System.exit(2);
            return;
        }
        Checker checker = new Checker();
        for (Path folder : options.guides()) {
            int n = 0;
            for (Path file : jsonFiles(folder)) {
                n += checker.load(Files.readString(file)) ? 1 : 0;
            }
            if (n == 0) {
                fail("no definitions in " + folder);
            }
        }
        int passed = 0;
        int failed = 0;
        for (Path input : options.inputs()) {
            for (Path file : jsonFiles(input)) {
                if (passes(checker, file, options)) {
                    passed++;
                } else {
                    failed++;
                }
            }
        }
        if (passed + failed == 0) {
            fail("no .json file found");
        }
        OUT.printf("%d passed, %d failed%n", passed, failed);
        System.exit(failed == 0 ? 0 : 1);
    }

    private static boolean passes(Checker checker, Path file, Options options) throws IOException {
        String json = Files.readString(file);
        boolean ok = true;
        StringBuilder lines = new StringBuilder();
        List<SingleValidationMessage> messages;
        try {
            messages = checker.check(json);
        } catch (RuntimeException e) {
            // The engine throws on JSON that it can't read at all: that is a failed file, not a failed run.
            OUT.printf("FAIL %s%n  unreadable: %s%n", file, e.getMessage());
            return false;
        }
        for (SingleValidationMessage m : messages) {
            String text = m.getLocationString() + ": " + m.getMessage();
            boolean error = m.getSeverity().compareTo(ResultSeverityEnum.ERROR) >= 0;
            if (error && options.ignores().stream().anyMatch(p -> p.matcher(text).find())) {
                lines.append("  ignored  ").append(text).append('\n');
            } else if (error) {
                ok = false;
                lines.append("  error    ").append(text).append('\n');
            } else if (options.warnings() && m.getSeverity() == ResultSeverityEnum.WARNING) {
                lines.append("  warning  ").append(text).append('\n');
            }
        }
        OUT.printf("%s %s%n%s", ok ? "ok  " : "FAIL", file, lines);
        return ok;
    }

    private static List<Path> jsonFiles(Path root) throws IOException {
        try (Stream<Path> all = Files.walk(root)) {
            return all.filter(f -> f.toString().endsWith(".json") && Files.isRegularFile(f)).sorted().toList();
        }
    }

    private static void fail(String message) {
        System.err.println("fhirvalidate: " + message);
        System.exit(2);
    }
}
