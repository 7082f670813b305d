package main

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"

	"github.com/go-viper/mapstructure/v2"
	"github.com/knadh/koanf/parsers/yaml"
	"github.com/knadh/koanf/providers/file"
	"github.com/knadh/koanf/v2"

	"github.com/neckfrac/neckfrac"
)

// reservedEnv are NECKFRAC_ variables that are not configuration keys.
var reservedEnv = []string{"NECKFRAC_ORT", "NECKFRAC_REQUIRE_ORT", "NECKFRAC_SHARED"}

// LoadConfig reads the file, "" for none, then the environment over it, and validates
// the result. Unknown keys and variables are errors: a typing mistake in a safety
// setting must not start the service.
func LoadConfig(path string, environ []string) (Config, error) {
	cfg := DefaultConfig()
	k := koanf.New(".")
	if path != "" {
		if err := k.Load(file.Provider(path), yaml.Parser()); err != nil {
			return cfg, neckfrac.Errorf(neckfrac.Invalid, "config", "read %s: %s", path, joinLines(err))
		}
	}
	known := scalarKeys(reflect.TypeFor[Config](), "")
	for _, kv := range environ {
		name, value, _ := strings.Cut(kv, "=")
		if !strings.HasPrefix(name, "NECKFRAC_") || slices.Contains(reservedEnv, name) {
			continue
		}
		key, ok := known[name]
		if !ok {
			return cfg, configErr(name, "no such key; see serve --print-config")
		}
		if err := k.Set(key, value); err != nil {
			return cfg, configErr(name, "can't be set")
		}
	}
	err := k.UnmarshalWithConf("", &cfg, koanf.UnmarshalConf{DecoderConfig: &mapstructure.DecoderConfig{
		Result: &cfg, TagName: "koanf", ErrorUnused: true, WeaklyTypedInput: true,
		DecodeHook: mapstructure.StringToTimeDurationHookFunc(),
	}})
	if err != nil {
		return cfg, neckfrac.Errorf(neckfrac.Invalid, "config", "%s", joinLines(err))
	}
	return cfg, cfg.Validate()
}

// scalarKeys maps the environment name of every key that is not a list to its path.
func scalarKeys(t reflect.Type, prefix string) map[string]string {
	out := map[string]string{}
	for f := range fields(t) {
		key := prefix + f.Tag.Get("koanf")
		switch {
		case f.Type.Kind() == reflect.Struct:
			for n, v := range scalarKeys(f.Type, key+".") {
				out[n] = v
			}
		case f.Type.Kind() != reflect.Slice:
			out["NECKFRAC_"+strings.ToUpper(strings.ReplaceAll(key, ".", "_"))] = key
		}
	}
	return out
}

func fields(t reflect.Type) func(func(reflect.StructField) bool) {
	return func(yield func(reflect.StructField) bool) {
		for i := range t.NumField() {
			if !yield(t.Field(i)) {
				return
			}
		}
	}
}

// PrintConfig writes the effective configuration as YAML. No key holds a secret in
// this version.
func PrintConfig(w io.Writer, c Config) error {
	return printValue(w, reflect.ValueOf(c), "")
}

func printValue(w io.Writer, v reflect.Value, indent string) error {
	for f := range fields(v.Type()) {
		fv, name := v.FieldByIndex(f.Index), f.Tag.Get("koanf")
		switch f.Type.Kind() {
		case reflect.Struct:
			fmt.Fprintf(w, "%s%s:\n", indent, name)
			if err := printValue(w, fv, indent+"  "); err != nil {
				return err
			}
		case reflect.Slice:
			if fv.Len() == 0 {
				fmt.Fprintf(w, "%s%s: []\n", indent, name)
				continue
			}
			fmt.Fprintf(w, "%s%s:\n", indent, name)
			for i := range fv.Len() {
				if fv.Index(i).Kind() != reflect.Struct {
					fmt.Fprintf(w, "%s  - %q\n", indent, fv.Index(i).String())
					continue
				}
				fmt.Fprintf(w, "%s  -\n", indent)
				if err := printValue(w, fv.Index(i), indent+"    "); err != nil {
					return err
				}
			}
		case reflect.String:
			fmt.Fprintf(w, "%s%s: %q\n", indent, name, fv.String())
		default:
			if _, err := fmt.Fprintf(w, "%s%s: %v\n", indent, name, fv.Interface()); err != nil {
				return err
			}
		}
	}
	return nil
}

// joinLines joins the lines of a parser's error.
func joinLines(err error) string {
	lines := strings.Split(strings.TrimSpace(err.Error()), "\n")
	return strings.Join(lines, "; ")
}

// defaultPackDirs lists where the shipped pack is looked for: beside the binary, in a
// checkout, in a package's share folder.
func defaultPackDirs(executable string) []string {
	beside := filepath.Dir(executable)
	return []string{
		filepath.Join(beside, "..", "models", "packs", "demo"), filepath.Join(beside, "packs", "demo"),
		"models/packs/demo", "/usr/share/neckfrac/packs/demo",
	}
}

// packPath resolves models.pack to a path, "" for none.
func (c Config) packPath() (string, error) {
	switch c.Models.Pack {
	case "none":
		return "", nil
	case "":
	default:
		return c.Models.Pack, nil
	}
	exe, err := os.Executable()
	if err != nil {
		return "", neckfrac.Wrap(neckfrac.Internal, "models.pack", err)
	}
	for _, dir := range defaultPackDirs(exe) {
		if _, err := os.Stat(dir + "/manifest.json"); err == nil {
			return dir, nil
		}
	}
	return "", neckfrac.Errorf(neckfrac.Invalid, "config: models.pack", "the shipped pack is not beside the binary; name one, or \"none\" to run without analysis")
}
