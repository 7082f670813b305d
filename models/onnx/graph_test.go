package onnx_test

import (
	"encoding/binary"
	"math"
)

// The graphs of these tests are written here, byte by byte, as ONNX protobufs: they
// are small enough to be known, so that a result can be stated and not only compared
// with the last one. Field numbers are those of onnx.proto3.

// pb is a protobuf message under construction.
type pb []byte

func (m pb) tag(field, wire int) pb { return binary.AppendUvarint(m, uint64(field<<3|wire)) }

func (m pb) num(field int, v int64) pb {
	return binary.AppendUvarint(m.tag(field, 0), uint64(v))
}

func (m pb) bytes(field int, b []byte) pb {
	return append(binary.AppendUvarint(m.tag(field, 2), uint64(len(b))), b...)
}

func (m pb) text(field int, s string) pb { return m.bytes(field, []byte(s)) }

const (
	typeFloat = 1
	typeInt64 = 7
	opset     = 17
	irVersion = 8
)

func floats(name string, dims []int64, v ...float32) pb {
	var raw []byte
	for _, x := range v {
		raw = binary.LittleEndian.AppendUint32(raw, math.Float32bits(x))
	}
	return constant(name, typeFloat, dims, raw)
}

func ints(name string, v ...int64) pb {
	var raw []byte
	for _, x := range v {
		raw = binary.LittleEndian.AppendUint64(raw, uint64(x))
	}
	return constant(name, typeInt64, []int64{int64(len(v))}, raw)
}

// constant is a TensorProto.
func constant(name string, kind int64, dims []int64, raw []byte) pb {
	var m pb
	for _, d := range dims {
		m = m.num(1, d)
	}
	return m.num(2, kind).text(8, name).bytes(9, raw)
}

// attr is an AttributeProto of integers.
func attr(name string, v ...int64) pb {
	m := pb(nil).text(1, name)
	if name == "keepdims" {
		return m.num(3, v[0]).num(20, 2)
	}
	for _, x := range v {
		m = m.num(8, x)
	}
	return m.num(20, 7)
}

// node is a NodeProto.
func node(op string, in []string, out string, attrs ...pb) pb {
	var m pb
	for _, s := range in {
		m = m.text(1, s)
	}
	m = m.text(2, out).text(3, out+"_node").text(4, op)
	for _, a := range attrs {
		m = m.bytes(5, a)
	}
	return m
}

// value is a ValueInfoProto; a dimension of -1 is free.
func value(name string, dims ...int64) pb {
	var shape pb
	for _, d := range dims {
		if d < 0 {
			shape = shape.bytes(1, pb(nil).text(2, name+"_free"))
		} else {
			shape = shape.bytes(1, pb(nil).num(1, d))
		}
	}
	return pb(nil).text(1, name).bytes(2, pb(nil).bytes(1, pb(nil).num(1, typeFloat).bytes(2, shape)))
}

// graph is a ModelProto.
func graph(in pb, out, nodes, constants []pb) []byte {
	var g pb
	for _, n := range nodes {
		g = g.bytes(1, n)
	}
	g = g.text(2, "test")
	for _, c := range constants {
		g = g.bytes(5, c)
	}
	g = g.bytes(11, in)
	for _, o := range out {
		g = g.bytes(12, o)
	}
	return pb(nil).num(1, irVersion).bytes(7, g).bytes(8, pb(nil).text(1, "").num(2, opset))
}

// levelHU is the brightness of a label in the test neck.
func levelHU(label int) float64 {
	if label == 0 {
		return 0
	}
	return 200 + 100*float64(label)
}

// segmentGraph names a voxel by the nearest brightness: logits 2vc - c² of a value v
// are highest for the nearest centre c.
func segmentGraph() []byte {
	w, b := make([]float32, 9*3), make([]float32, 9)
	for c := range 9 {
		v := (levelHU(c) + 200) / 1500
		w[c*3+1], b[c] = float32(400*2*v), float32(-400*v*v)
	}
	return graph(value("slices", -1, 3, -1, -1), []pb{value("logits", -1, 9, -1, -1)},
		[]pb{node("Conv", []string{"slices", "w", "b"}, "logits")},
		[]pb{floats("w", []int64{9, 3, 1, 1}, w...), floats("b", []int64{9}, b...)})
}

// classifyGraph calls the brightest pixel of each 8x8 cell a lesion from 0.85 of the
// window on.
func classifyGraph() []byte {
	return graph(value("crops", -1, 16, 4, 80, 80),
		[]pb{value("logit", -1), value("slice_logits", -1, 16), value("maps", -1, 16, 10, 10)},
		[]pb{
			node("Slice", []string{"crops", "one", "two", "two"}, "middle"),
			node("Squeeze", []string{"middle", "two"}, "planes"),
			node("MaxPool", []string{"planes"}, "cells", attr("kernel_shape", 8, 8), attr("strides", 8, 8)),
			node("Mul", []string{"cells", "gain"}, "scaled"),
			node("Add", []string{"scaled", "shift"}, "maps"),
			node("ReduceMax", []string{"maps"}, "slice_logits", attr("axes", 2, 3), attr("keepdims", 0)),
			node("ReduceMax", []string{"slice_logits"}, "logit", attr("axes", 1), attr("keepdims", 0)),
		},
		[]pb{ints("one", 1), ints("two", 2), floats("gain", nil, 20), floats("shift", nil, -17)})
}

// model1Graph does the same on whole slices, from 0.5 of their window on.
func model1Graph() []byte {
	return graph(value("slices", -1, 3, 128, 128), []pb{value("logit", -1), value("map", -1, 8, 8)},
		[]pb{
			node("Slice", []string{"slices", "one", "two", "one"}, "middle"),
			node("MaxPool", []string{"middle"}, "cells", attr("kernel_shape", 16, 16), attr("strides", 16, 16)),
			node("Mul", []string{"cells", "gain"}, "scaled"),
			node("Add", []string{"scaled", "shift"}, "shifted"),
			node("Squeeze", []string{"shifted", "one"}, "map"),
			node("ReduceMax", []string{"map"}, "logit", attr("axes", 1, 2), attr("keepdims", 0)),
		},
		[]pb{ints("one", 1), ints("two", 2), floats("gain", nil, 20), floats("shift", nil, -10)})
}
