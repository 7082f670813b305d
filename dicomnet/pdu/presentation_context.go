package pdu

// PresentationContext is proposed in an A-ASSOCIATE-RQ (PS3.8 §9.3.2.2).
//
//	offset  bytes  field
//	0       1      20H
//	1       1      reserved
//	2       2      length of what follows
//	4       1      presentation context id, odd
//	5       3      reserved
//	8       …      one abstract syntax item 30H, transfer syntax items 40H
type PresentationContext struct {
	ID               byte
	AbstractSyntax   string
	TransferSyntaxes []string
}

// MaxTransferSyntaxes caps the transfer syntaxes of one context; PS3.6 lists
// fewer than 64.
const MaxTransferSyntaxes = 128

func (p PresentationContext) append(dst []byte) ([]byte, error) {
	return appendItem(dst, itemPresentationContext, func(b []byte) ([]byte, error) {
		b, err := appendText(append(b, p.ID, 0, 0, 0), itemAbstractSyntax, p.AbstractSyntax)
		if err != nil {
			return nil, err
		}
		for _, ts := range p.TransferSyntaxes {
			if b, err = appendText(b, itemTransferSyntax, ts); err != nil {
				return nil, err
			}
		}
		return b, nil
	})
}

func decodePresentationContext(v []byte) (PresentationContext, error) {
	const op = "presentation context"
	if len(v) < 4 {
		return PresentationContext{}, invalid(op + ": length")
	}
	p := PresentationContext{ID: v[0]}
	err := eachItem(op, v[4:], func(typ byte, v []byte) error {
		s, err := "", error(nil)
		switch typ {
		case itemAbstractSyntax:
			p.AbstractSyntax, err = uid(op, v)
		case itemTransferSyntax:
			if len(p.TransferSyntaxes) == MaxTransferSyntaxes {
				return invalid(op + ": number of transfer syntaxes")
			}
			s, err = uid(op, v)
			p.TransferSyntaxes = append(p.TransferSyntaxes, s)
		}
		return err
	})
	return p, err
}

// Result is the answer to one proposed presentation context.
type Result byte

// Results (PS3.8 Table 9-18).
const (
	Acceptance                   Result = 0
	UserRejection                Result = 1
	NoReason                     Result = 2
	AbstractSyntaxNotSupported   Result = 3
	TransferSyntaxesNotSupported Result = 4
)

// PresentationResult answers a PresentationContext in an A-ASSOCIATE-AC
// (PS3.8 §9.3.3.2). The transfer syntax of a context that was not accepted has
// no meaning.
//
//	offset  bytes  field
//	0       1      21H
//	1       1      reserved
//	2       2      length of what follows
//	4       1      presentation context id
//	5       1      reserved
//	6       1      result
//	7       1      reserved
//	8       …      one transfer syntax item 40H
type PresentationResult struct {
	ID             byte
	Result         Result
	TransferSyntax string
}

func (p PresentationResult) append(dst []byte) ([]byte, error) {
	return appendItem(dst, itemPresentationResult, func(b []byte) ([]byte, error) {
		return appendText(append(b, p.ID, 0, byte(p.Result), 0), itemTransferSyntax, p.TransferSyntax)
	})
}

func decodePresentationResult(v []byte) (PresentationResult, error) {
	const op = "presentation context result"
	if len(v) < 4 {
		return PresentationResult{}, invalid(op + ": length")
	}
	p := PresentationResult{ID: v[0], Result: Result(v[2])}
	err := eachItem(op, v[4:], func(typ byte, v []byte) (err error) {
		if typ == itemTransferSyntax {
			p.TransferSyntax, err = uid(op, v)
		}
		return err
	})
	return p, err
}
