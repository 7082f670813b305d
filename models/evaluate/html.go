package evaluate

import (
	"fmt"
	"html/template"
	"io"
	"math"
	"strings"

	"github.com/neckfrac/neckfrac"
)

// page is one file without any outside reference, so that it can be kept and mailed.
var page = template.Must(template.New("report").Parse(`<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>NeckFrac evaluation</title>
<style>body{font:15px/1.5 system-ui,sans-serif;max-width:70rem;margin:2rem auto;padding:0 1rem;color:#1c2330;background:#fff}
.domain{border-left:4px solid #b45309;background:#fff7ed;padding:.6rem 1rem;font-weight:600}
table{border-collapse:collapse;margin:1rem 0;font-variant-numeric:tabular-nums}th,td{padding:.25rem .8rem;text-align:right;border-bottom:1px solid #e3e7ee;white-space:nowrap}
th:first-child,td:first-child{text-align:left}th{font-weight:600;color:#475066}.scroll{overflow-x:auto}
figure{display:inline-block;margin:0 1.5rem 1.5rem 0}figcaption,footer{font-size:13px;color:#475066}</style></head><body>
<h1>Evaluation</h1><p class="domain">{{.R.Domain}}</p>
<ul>{{range .Head}}<li>{{.}}</li>{{end}}</ul>
<div class="scroll"><table><thead><tr><th></th><th>n</th><th>fractured</th><th>AUC (95 %)</th><th>image zeroed</th><th>… within level</th><th>position only</th><th>Brier</th><th>calibration error</th><th>F2 of flagging all</th></tr></thead><tbody>
{{range .Rows}}<tr><td>{{.Name}}</td><td>{{.N}}</td><td>{{.Fractured}}</td><td>{{.AUC}}</td><td>{{.BlindAUC.Value}}</td><td>{{.BlindWithinAUC.Value}}</td><td>{{.PositionAUC.Value}}</td><td>{{.Brier}}</td><td>{{.ECE}}</td><td>{{.FlagAllF2}}</td></tr>
{{end}}</tbody></table>
<table><thead><tr><th></th><th>point</th><th>threshold</th><th>sensitivity (95 %)</th><th>specificity (95 %)</th><th>F2</th><th>MCC</th><th>found</th><th>missed</th><th>false</th></tr></thead><tbody>
{{range .Rows}}{{$n := .Name}}{{range .Points}}<tr><td>{{$n}}</td><td>{{.Name}}</td><td>{{printf "%.3f" .Threshold}}</td><td>{{.Sensitivity}}</td><td>{{.Specificity}}</td><td>{{.F2}}</td><td>{{.MCC}}</td><td>{{.TP}}</td><td>{{.FN}}</td><td>{{.FP}}</td></tr>
{{end}}{{end}}</tbody></table></div>
{{range .Plots}}<figure>{{.SVG}}<figcaption>{{.Caption}}</figcaption></figure>{{end}}
<footer>{{.Foot}}</footer></body></html>
`))

type plot struct {
	SVG     template.HTML
	Caption string
}

// WriteHTML writes the report as a page with ROC and calibration plots.
func (r Report) WriteHTML(w io.Writer) error {
	err := page.Execute(w, map[string]any{"R": r, "Head": r.head(), "Rows": r.rows(), "Foot": r.foot(), "Plots": []plot{
		{drawROC(r.Patient), "ROC, patient"}, {drawROC(r.Vertebra), "ROC, vertebra"},
		{drawReliability(r.Patient), "Calibration, patient; the area of a dot is its share of the set"},
		{drawReliability(r.Vertebra), "Calibration, vertebra"},
	}})
	return neckfrac.E("evaluate: html", err)
}

// drawROC draws the curve, and the operating points as dots.
func drawROC(f Figures) template.HTML {
	var b strings.Builder
	b.WriteString(`<polyline fill="none" stroke="#1f5fbf" stroke-width="2" points="`)
	for _, p := range f.ROC {
		x, y := place(p[0], p[1])
		fmt.Fprintf(&b, "%.1f,%.1f ", x, y)
	}
	b.WriteString(`"/>`)
	for _, p := range f.Points {
		dot(&b, 1-p.Specificity.Value, p.Sensitivity.Value, 4, string(p.Name))
	}
	return axes("false positive rate", "sensitivity", b.String())
}

// drawReliability draws what was observed over what was stated.
func drawReliability(f Figures) template.HTML {
	var b strings.Builder
	for _, bin := range f.Reliability {
		dot(&b, bin.Stated, bin.Observed, 2+12*math.Sqrt(float64(bin.N)/float64(f.N)), fmt.Sprintf("%d", bin.N))
	}
	return axes("stated probability", "share fractured", b.String())
}

// side of a plot and its margin for words, in pixels.
const side, margin = 260.0, 30.0

func place(x, y Number) (float64, float64) {
	return margin + float64(x)*side, 4 + (1-float64(y))*side
}

// dot draws nothing where a coordinate is missing.
func dot(b *strings.Builder, x, y Number, radius float64, title string) {
	if math.IsNaN(float64(x + y)) {
		return
	}
	px, py := place(x, y)
	fmt.Fprintf(b, `<circle cx="%.1f" cy="%.1f" r="%.1f" fill="#b45309" fill-opacity=".7"><title>%s</title></circle>`, px, py, radius, template.HTMLEscapeString(title))
}

// axes frames a plot of the unit square with its diagonal; inside is our own markup.
func axes(x, y, inside string) template.HTML {
	return template.HTML(fmt.Sprintf(`<svg width="%[1]g" height="%[1]g" role="img"><rect x="%[2]g" y="4" width="%[3]g" height="%[3]g" fill="#fbfcfe" stroke="#cfd6e2"/>`+
		`<line x1="%[2]g" y1="%[4]g" x2="%[5]g" y2="4" stroke="#cfd6e2"/>%[6]s<g font-size="12" fill="#475066" text-anchor="middle"><text x="%[7]g" y="%[8]g">%[9]s</text>`+
		`<text transform="translate(14 %[10]g) rotate(-90)">%[11]s</text></g></svg>`,
		side+margin+8, margin, side, 4+side, margin+side, inside, margin+side/2, side+margin-6, x, 4+side/2, y))
}
