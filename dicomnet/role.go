package dicomnet

import (
	"slices"

	"github.com/neckfrac/neckfrac/dicomnet/pdu"
)

// Role is what the requestor of an association is for a SOP class, SCU or SCP
// (PS3.7 Annex D.3.3.4). The zero value is the default of the standard: who
// asks for the association is the service class user.
type Role uint8

// Roles.
const (
	RoleSCU Role = iota
	RoleSCP
	RoleBoth
	roleNone // the peer refused every role
)

// SCU reports whether the requestor may be service class user.
func (r Role) SCU() bool { return r == RoleSCU || r == RoleBoth }

// SCP reports whether the requestor may be service class provider.
func (r Role) SCP() bool { return r == RoleSCP || r == RoleBoth }

// String returns the role's name.
func (r Role) String() string {
	switch r {
	case RoleSCU:
		return "SCU"
	case RoleSCP:
		return "SCP"
	case RoleBoth:
		return "SCU and SCP"
	}
	return "none"
}

func roleFrom(scu, scp bool) Role {
	switch {
	case scu && scp:
		return RoleBoth
	case scp:
		return RoleSCP
	case scu:
		return RoleSCU
	}
	return roleNone
}

// proposeRoles returns the role selections of a request: one for each SOP
// class that is to have another role than the default.
func proposeRoles(proposals []Service) []pdu.RoleSelection {
	var out []pdu.RoleSelection
	for _, p := range proposals {
		for _, class := range p.SOPClassUIDs {
			i := slices.IndexFunc(out, func(r pdu.RoleSelection) bool { return r.SOPClassUID == class })
			switch {
			case i >= 0: // listed twice: what either asks for
				out[i].SCU, out[i].SCP = out[i].SCU || p.Role.SCU(), out[i].SCP || p.Role.SCP()
			case p.Role != RoleSCU:
				out = append(out, pdu.RoleSelection{SOPClassUID: class, SCU: p.Role.SCU(), SCP: p.Role.SCP()})
			}
		}
	}
	return out
}

// answerRoles answers the proposed role selections of the SOP classes that a
// server offers: each role if it was proposed and is offered. It is pure.
func answerRoles(proposed []pdu.RoleSelection, services []Service) (answer []pdu.RoleSelection) {
	for _, r := range proposed {
		i := slices.IndexFunc(services, func(s Service) bool { return slices.Contains(s.SOPClassUIDs, r.SOPClassUID) })
		again := slices.ContainsFunc(answer, func(a pdu.RoleSelection) bool { return a.SOPClassUID == r.SOPClassUID })
		if i < 0 || again || (!r.SCU && !r.SCP) {
			continue // nothing asked for: the default holds
		}
		offered := services[i].Role
		answer = append(answer, pdu.RoleSelection{SOPClassUID: r.SOPClassUID,
			SCU: r.SCU && offered.SCU(), SCP: r.SCP && offered.SCP()})
	}
	return answer
}

// agreedRole returns the role of a SOP class after an answer; without one the
// default holds.
func agreedRole(class string, answer []pdu.RoleSelection) Role {
	for _, r := range answer {
		if r.SOPClassUID == class {
			return roleFrom(r.SCU, r.SCP)
		}
	}
	return RoleSCU
}
