"""pynetdicom as SCU and as SCP of storage commitment.

Usage: peers.py NECKFRAC DICOM_PORT REPORT_PORT ARCHIVE_PORT FILE_WITH_PATHS. Prints a line per check.
"""
import queue
import subprocess
import sys
import threading

from pydicom import dcmread
from pydicom.dataset import Dataset
from pydicom.uid import ExplicitVRLittleEndian, ImplicitVRLittleEndian, generate_uid
from pynetdicom import AE, evt
from pynetdicom.sop_class import CTImageStorage, StorageCommitmentPushModel

BINARY, DICOM, REPORT, ARCHIVE = sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4])
FILES = open(sys.argv[5]).read().split()
INSTANCE = "1.2.840.10008.1.20.1.1"
SYNTAXES = [ExplicitVRLittleEndian, ImplicitVRLittleEndian]


def check(name, ok, why=""):
    print(f"{'ok   ' if ok else 'FAIL '} {name}{'' if ok else f': {why}'}", flush=True)


def item(uid, sop_class=CTImageStorage, reason=None):
    ds = Dataset()
    ds.ReferencedSOPClassUID, ds.ReferencedSOPInstanceUID = sop_class, uid
    if reason is not None:
        ds.FailureReason = reason
    return ds


def request(transaction, uids):
    ds = Dataset()
    ds.TransactionUID = transaction
    ds.ReferencedSOPSequence = [item(u) for u in uids]
    return ds


def ask_ours():
    """We are PEER: store, ask, release, and take the report on an association of theirs."""
    reports = queue.Queue()

    def on_report(event):
        info = event.event_information
        failed = {f.ReferencedSOPInstanceUID: f.FailureReason for f in info.get("FailedSOPSequence") or []}
        reports.put((event.event_type, info.TransactionUID, len(info.get("ReferencedSOPSequence") or []), failed))
        return 0x0000, None

    ae = AE(ae_title="PEER")
    ae.add_supported_context(StorageCommitmentPushModel, SYNTAXES, scu_role=False, scp_role=True)
    server = ae.start_server(("127.0.0.1", REPORT), block=False, evt_handlers=[(evt.EVT_N_EVENT_REPORT, on_report)])
    ae.add_requested_context(CTImageStorage, ExplicitVRLittleEndian)
    ae.add_requested_context(StorageCommitmentPushModel, ExplicitVRLittleEndian)
    assoc = ae.associate("127.0.0.1", DICOM, ae_title="NECKFRAC")
    uids = []
    for path in FILES:
        ds = dcmread(path)
        uids.append(ds.SOPInstanceUID)
        assoc.send_c_store(ds)

    def ask(transaction, refs):
        status, _ = assoc.send_n_action(request(transaction, refs), 1, StorageCommitmentPushModel, INSTANCE)
        return status.Status

    first, second = generate_uid(), generate_uid()
    check("pynetdicom asks for what it stored", ask(first, uids) == 0)
    got = reports.get(timeout=30)
    check("and hears that all is committed", got == (1, first, len(uids), {}), got)
    check("pynetdicom asks for one that it did not store", ask(second, uids + ["1.2.3.4"]) == 0)
    got = reports.get(timeout=30)
    check("and hears which", got == (2, second, len(uids), {"1.2.3.4": 0x0112}), got)
    check("the same transaction with other references is refused", ask(first, uids[1:]) == 0x0115)
    check("the same transaction again is taken", ask(first, uids) == 0)
    got = reports.get(timeout=30)
    check("and reported again", got == (1, first, len(uids), {}), got)
    status, _ = assoc.send_n_action(request(generate_uid(), uids), 2, StorageCommitmentPushModel, INSTANCE)
    check("another action is refused", status.Status == 0x0123, hex(status.Status))
    assoc.release()
    server.shutdown()


def asked_by_ours():
    """We are ARCHIVE and report on the association on which we were asked."""
    stored, lost = set(), set()

    def on_store(event):
        stored.add(event.request.AffectedSOPInstanceUID)
        return 0x0000

    def on_action(event):
        info, assoc = event.action_information, event.assoc

        def report():
            uids = [r.ReferencedSOPInstanceUID for r in info.ReferencedSOPSequence]
            bad = [u for u in uids if u in lost or u not in stored]
            ds = Dataset()
            ds.TransactionUID = info.TransactionUID
            if len(bad) < len(uids):
                ds.ReferencedSOPSequence = [item(u) for u in uids if u not in bad]
            if bad:
                ds.FailedSOPSequence = [item(u, reason=0x0112) for u in bad]
            assoc.send_n_event_report(ds, 2 if bad else 1, StorageCommitmentPushModel, INSTANCE)

        threading.Thread(target=report).start()
        return 0x0000, None

    ae = AE(ae_title="ARCHIVE")
    ae.add_supported_context(CTImageStorage, SYNTAXES)
    ae.add_supported_context(StorageCommitmentPushModel, SYNTAXES)
    server = ae.start_server(("127.0.0.1", ARCHIVE), block=False,
                             evt_handlers=[(evt.EVT_C_STORE, on_store), (evt.EVT_N_ACTION, on_action)])
    command = [BINARY, "send", "--called", "ARCHIVE", "--commit", f"127.0.0.1:{ARCHIVE}", *FILES]
    run = subprocess.run(command, capture_output=True, text=True, timeout=60)
    check("our sender hears that all is committed",
          run.returncode == 0 and f"{len(FILES)} of {len(FILES)} objects committed" in run.stdout, run.stdout + run.stderr)
    lost.add(dcmread(FILES[3]).SOPInstanceUID)
    run = subprocess.run(command, capture_output=True, text=True, timeout=60)
    check("our sender hears which is not, and fails",
          run.returncode == 1 and f"{FILES[3]}: not committed: 0112H no such instance" in run.stdout, run.stdout + run.stderr)
    server.shutdown()


for step in (ask_ours, asked_by_ours):
    try:
        step()
    except Exception as e:  # a check that can't be made has failed
        check(step.__name__, False, repr(e))
