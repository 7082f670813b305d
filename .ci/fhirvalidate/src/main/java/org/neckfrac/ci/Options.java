package org.neckfrac.ci;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.regex.Pattern;
import java.util.regex.PatternSyntaxException;

/** What the command line asks for. */
record Options(List<Path> inputs, List<Path> guides, List<Pattern> ignores, boolean warnings) {

    static final String USAGE =
            "usage: run.sh [--ig DIR]... [--ignore REGEX]... [--warnings] FOLDER_OR_FILE...\n"
          + "  --ig DIR        load StructureDefinition, ValueSet and CodeSystem resources from DIR\n"
          + "  --ignore REGEX  drop errors whose \"location: message\" matches; each drop is printed\n"
          + "  --warnings      print warnings too\n";

    /** A command line that makes no sense; the message is for the caller. */
    static final class UsageException extends Exception {
        private static final long serialVersionUID = 1L;

        UsageException(String message) {
            super(message);
        }
    }

    static Options parse(List<String> args) throws UsageException {
        List<Path> inputs = new ArrayList<>();
        List<Path> guides = new ArrayList<>();
        List<Pattern> ignores = new ArrayList<>();
        boolean warnings = false;
        for (Iterator<String> it = args.iterator(); it.hasNext();) {
            String arg = it.next();
            switch (arg) {
                case "--ig" -> guides.add(existing(value(arg, it)));
                case "--ignore" -> ignores.add(regex(value(arg, it)));
                case "--warnings" -> warnings = true;
                default -> {
                    if (arg.startsWith("-")) {
                        throw new UsageException("unknown option " + arg);
                    }
                    inputs.add(existing(arg));
                }
            }
        }
        if (inputs.isEmpty()) {
            throw new UsageException("nothing to validate");
        }
        return new Options(inputs, guides, ignores, warnings);
    }

    private static String value(String option, Iterator<String> rest) throws UsageException {
        if (!rest.hasNext()) {
            throw new UsageException(option + " needs a value");
        }
        return rest.next();
    }

    private static Path existing(String name) throws UsageException {
        Path p = Path.of(name);
        if (!Files.exists(p)) {
            throw new UsageException("no such file or folder: " + name);
        }
        return p;
    }

    private static Pattern regex(String text) throws UsageException {
        try {
            return Pattern.compile(text);
        } catch (PatternSyntaxException e) {
            throw new UsageException("--ignore: " + e.getDescription());
        }
    }
}
