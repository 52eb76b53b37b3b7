package integration

import (
	"strings"
	"testing"

	"github.com/twmb/franz-go/pkg/kadm"
)

// TestSASL: with the right password picket works, with a wrong one it ends with a message that says so, and is not tried again.
func TestSASL(t *testing.T) {
	b := startBroker(t)
	results, err := b.admin.AlterUserSCRAMs(t.Context(), nil, []kadm.UpsertSCRAM{{User: user, Mechanism: kadm.ScramSha512, Iterations: 4096, Password: password}})
	if err == nil {
		err = results.Error()
	}
	if err != nil {
		t.Fatalf("make the SCRAM user: %v", err)
	}
	withPassword := func(at site, mechanism, pass string) settings {
		s := at.settings(b)
		kafka := s["kafka"].(settings)
		kafka["bootstrap_servers"] = []string{b.sasl}
		kafka["security_protocol"], kafka["sasl_mechanism"] = "SASL_PLAINTEXT", mechanism
		kafka["sasl_username"], kafka["sasl_password"] = user, pass
		return s
	}
	for _, mechanism := range []string{"PLAIN", "SCRAM-SHA-512"} {
		t.Run(mechanism, func(t *testing.T) {
			at := newSite(t, b)
			m := startMember(t, "right", at.group, withPassword(at, mechanism, password))
			m.awaitReady(t)
			oneAlert(t, b, at)
			m.stop(t)

			const wrong = "wrong-horse"
			m = startMember(t, "wrong", at.group, withPassword(at, mechanism, wrong))
			if code := m.awaitExit(t, patience); code != 1 {
				t.Errorf("with a wrong password picket exited %d, want 1", code)
			}
			log := m.log.String()
			if !strings.Contains(log, "check the user name, the password and the SASL mechanism") {
				t.Errorf("the log does not say what to do:\n%s", log)
			}
			t.Logf("it says: %s", tail(log, 1))
			if strings.Contains(log, wrong) {
				t.Errorf("the log has the password:\n%s", log)
			}
		})
	}
	t.Run("no credentials", func(t *testing.T) {
		at := newSite(t, b)
		s := at.settings(b)
		s["kafka"].(settings)["bootstrap_servers"] = []string{b.sasl}
		m := startMember(t, "anonymous", at.group, s)
		if code := m.awaitExit(t, patience); code != 1 {
			t.Errorf("without credentials picket exited %d, want 1", code)
		}
		m.awaitLog(t, patience, "ERROR", b.sasl, "it may want SASL, set the security protocol")
	})
}
