"""Peers of the DICOMweb server: dicomweb-client and pydicom, and Orthanc's own client.

Usage: peers.py OUR_SERVICE ORTHANC. Prints a line per check.
"""
import io
import sys
import time
import traceback

import numpy as np
import pydicom
import pydicom.encaps
import requests
from dicomweb_client.api import DICOMwebClient
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import (CTImageStorage, ExplicitVRBigEndian, ExplicitVRLittleEndian, ImplicitVRLittleEndian,
                         MRImageStorage, MultiFrameGrayscaleWordSecondaryCaptureImageStorage, RLELossless, generate_uid)

OURS, ORTHANC = sys.argv[1], sys.argv[2]
STUDY, SERIES = generate_uid(), generate_uid()
client = DICOMwebClient(OURS)


def ct(number, syntax=ExplicitVRLittleEndian, sop_class=CTImageStorage, series=SERIES, study=STUDY, frames=0):
    """A small slice with what breaks JSON: text beyond ASCII, a sequence, private bytes."""
    ds = Dataset()
    ds.SpecificCharacterSet = "ISO_IR 100"
    ds.SOPClassUID, ds.SOPInstanceUID = sop_class, generate_uid()
    ds.StudyInstanceUID, ds.SeriesInstanceUID = study, series
    ds.PatientName, ds.PatientID, ds.IssuerOfPatientID = "Müller^Zoë", "NF-TEST-PEER", "PEER"
    ds.PatientBirthDate, ds.PatientSex = "19700101", "O"
    ds.StudyDate, ds.StudyTime, ds.AccessionNumber, ds.StudyID = "20260304", "101500", "ACC1", "S1"
    ds.ReferringPhysicianName = "Ärzt^Ö"
    ds.Modality, ds.SeriesNumber, ds.InstanceNumber = "CT", 1, number
    ds.ImageType = ["ORIGINAL", "PRIMARY", "AXIAL"]
    ds.PixelSpacing, ds.RescaleIntercept, ds.RescaleSlope = [0.5, 0.5], -1024, 1
    item = Dataset()
    item.CodeValue, item.CodingSchemeDesignator, item.CodeMeaning = "24932-6", "LN", "CT Ünterer"
    ds.ProcedureCodeSequence = [item]
    block = ds.private_block(0x0011, "PEER TEST", create=True)
    block.add_new(0x01, "OB", bytes(range(256)) * 8)
    block.add_new(0x02, "OB", b"\x01\x02")
    ds.Rows = ds.Columns = 16
    ds.SamplesPerPixel, ds.PhotometricInterpretation = 1, "MONOCHROME2"
    ds.BitsAllocated = ds.BitsStored = 16
    ds.HighBit, ds.PixelRepresentation = 15, 1
    count = max(frames, 1)
    if frames:
        ds.NumberOfFrames = frames
    ds.PixelData = (np.arange(256 * count, dtype=np.int16) + number).astype(">i2" if syntax == ExplicitVRBigEndian else "<i2").tobytes()
    ds["PixelData"].VR = "OW"
    ds.file_meta = FileMetaDataset()
    ds.file_meta.MediaStorageSOPClassUID, ds.file_meta.MediaStorageSOPInstanceUID = ds.SOPClassUID, ds.SOPInstanceUID
    ds.file_meta.TransferSyntaxUID = syntax
    return ds


def encoded(ds):
    out = io.BytesIO()
    pydicom.dcmwrite(out, ds, enforce_file_format=True)
    return out.getvalue()


def check(name, fn):
    try:
        fn()
        print(f"ok    {name}", flush=True)
    except Exception:
        print(f"FAIL  {name}", flush=True)
        print("      " + traceback.format_exc(limit=3)[-600:].replace("\n", "\n      "), flush=True)


def status_of(fn):
    """The status of a request that must fail."""
    try:
        fn()
    except requests.HTTPError as e:
        return e.response.status_code
    raise AssertionError("no error")


slices = [ct(i) for i in range(1, 9)]
implicit = ct(9, ImplicitVRLittleEndian)
multi = ct(1, sop_class=MultiFrameGrayscaleWordSecondaryCaptureImageStorage, series=generate_uid(), frames=3)
everything = slices + [implicit, multi]


def stored():
    rs = client.store_instances(everything)
    assert len(rs.ReferencedSOPSequence) == len(everything) and "FailedSOPSequence" not in rs, rs
    assert rs.RetrieveURL == f"{OURS}/studies/{STUDY}", rs.RetrieveURL


def stored_again():
    assert len(client.store_instances(slices[:2], study_instance_uid=STUDY).ReferencedSOPSequence) == 2


def partly_stored():
    rs = client.store_instances([slices[0], ct(1, sop_class=MRImageStorage)])
    assert len(rs.ReferencedSOPSequence) == 1 and rs.FailedSOPSequence[0].FailureReason == 0x0122, rs


def refused():
    assert status_of(lambda: client.store_instances([slices[0]], study_instance_uid="1.2.3")) == 409


def big_endian():
    """Stored as it came; nobody gets it in another syntax than it has."""
    study = generate_uid()
    ds = ct(1, ExplicitVRBigEndian, study=study, series=generate_uid())
    client.store_instances([ds])
    path = dict(study_instance_uid=study, series_instance_uid=ds.SeriesInstanceUID, sop_instance_uid=ds.SOPInstanceUID)
    assert status_of(lambda: client.retrieve_instance_frames(**path, frame_numbers=[1], media_types=("application/octet-stream",))) == 406
    assert client.retrieve_instance(**path, media_types=(("application/dicom", "*"),)).PixelData == ds.PixelData


def encapsulated():
    """Three frames of pydicom's RLE encoder: stored, given out and refused as they are."""
    study = generate_uid()
    ds = ct(1, study=study, series=generate_uid(), sop_class=MultiFrameGrayscaleWordSecondaryCaptureImageStorage, frames=3)
    want = ds.pixel_array.copy()
    ds.compress(RLELossless, generate_instance_uid=False)
    client.store_instances([ds])
    path = dict(study_instance_uid=study, series_instance_uid=ds.SeriesInstanceUID, sop_instance_uid=ds.SOPInstanceUID)
    back = client.retrieve_instance(**path, media_types=(("application/dicom", "*"),))
    assert back.PixelData == ds.PixelData and (back.pixel_array == want).all()
    fragments = list(pydicom.encaps.generate_frames(ds.PixelData, number_of_frames=3))
    got = client.retrieve_instance_frames(**path, frame_numbers=[2, 3], media_types=(("image/dicom-rle", RLELossless),))
    assert [bytes(g) for g in got] == fragments[1:]
    assert status_of(lambda: client.retrieve_instance_frames(**path, frame_numbers=[1], media_types=("application/octet-stream",))) == 406
    assert status_of(lambda: client.retrieve_instance(**path, media_types=(("application/dicom", ExplicitVRLittleEndian),))) == 406


def study_found(**filters):
    hits = [Dataset.from_json(m) for m in client.search_for_studies(search_filters=filters)]
    ours = [d for d in hits if d.StudyInstanceUID == STUDY]
    assert len(ours) == 1, hits
    return ours[0]


def found_by_name():
    ds = study_found(PatientName="müll*")
    assert str(ds.PatientName) == "Müller^Zoë" and str(ds.ReferringPhysicianName) == "Ärzt^Ö" and ds.StudyID == "S1", ds
    assert ds.NumberOfStudyRelatedInstances == len(everything) and ds.NumberOfStudyRelatedSeries == 2 and ds.ModalitiesInStudy == "CT", ds


def paged():
    first = client.search_for_instances(study_instance_uid=STUDY, limit=4)
    rest = client.search_for_instances(study_instance_uid=STUDY, limit=100, offset=4)
    uids = [m["00080018"]["Value"][0] for m in first + rest]
    assert len(first) == 4 and sorted(uids) == sorted(d.SOPInstanceUID for d in everything), uids


def series_found():
    hits = client.search_for_series(study_instance_uid=STUDY, search_filters={"SeriesInstanceUID": SERIES}, fields=["Manufacturer"])
    assert len(hits) == 1 and hits[0]["00201209"]["Value"] == [9], hits


def same(got, want):
    for e in want:
        if e.tag.element == 0:
            continue
        assert e.tag in got, e.tag
        assert got[e.tag].value == e.value, (e.tag, got[e.tag].value, e.value)


def by_uid(list_):
    return {d.SOPInstanceUID: d for d in list_}


def study_retrieved():
    got = by_uid(client.retrieve_study(STUDY))
    assert len(got) == len(everything)
    for want in everything:
        same(got[want.SOPInstanceUID], want)
        assert got[want.SOPInstanceUID].file_meta.TransferSyntaxUID == want.file_meta.TransferSyntaxUID


def series_streamed():
    assert len(list(client.iter_series(STUDY, SERIES))) == 9


def instance_retrieved():
    d = slices[3]
    same(client.retrieve_instance(STUDY, SERIES, d.SOPInstanceUID), d)


def metadata():
    got = by_uid(Dataset.from_json(m, bulk_data_uri_handler=lambda tag, vr, uri: client.retrieve_bulkdata(uri))
                 for m in client.retrieve_series_metadata(STUDY, SERIES))
    assert len(got) == 9
    for want in slices[:3]:
        d = got[want.SOPInstanceUID]
        for e in want:
            if e.tag.element == 0 or e.tag == 0x00080005:
                continue
            assert d[e.tag].value == e.value, (e.tag, d[e.tag].value, e.value)


def frames():
    got = client.retrieve_instance_frames(STUDY, multi.SeriesInstanceUID, multi.SOPInstanceUID, frame_numbers=[3, 1])
    assert got == [multi.PixelData[1024:1536], multi.PixelData[:512]]


def frames_implicit():
    got = client.retrieve_instance_frames(STUDY, SERIES, implicit.SOPInstanceUID, frame_numbers=[1], media_types=("application/octet-stream",))
    assert got == [implicit.PixelData]


def nothing_there():
    assert status_of(lambda: client.retrieve_study("1.2.3")) == 404
    assert status_of(lambda: client.retrieve_instance_frames(STUDY, SERIES, slices[0].SOPInstanceUID, frame_numbers=[2])) == 404
    assert status_of(lambda: client.retrieve_instance_rendered(STUDY, SERIES, slices[0].SOPInstanceUID)) == 404
    assert status_of(lambda: client.search_for_studies(search_filters={"StudyDescription": "x"})) == 400
    assert client.search_for_studies(search_filters={"PatientID": "NOBODY"}) == []


def not_acceptable():
    assert status_of(lambda: client.retrieve_instance(STUDY, SERIES, slices[0].SOPInstanceUID, media_types=(("application/dicom", "1.2.840.10008.1.2.4.80"),))) == 406


check("dicomweb-client: store 10 objects of three kinds", stored)
check("dicomweb-client: store again", stored_again)
check("dicomweb-client: a class that is not accepted fails alone", partly_stored)
check("dicomweb-client: another study than addressed is 409", refused)
check("dicomweb-client: big endian comes back as stored, or not", big_endian)
check("dicomweb-client: encapsulated frames", encapsulated)
check("dicomweb-client: search by patient id", lambda: study_found(PatientID="NF-TEST-PEER"))
check("dicomweb-client: search by name with umlaut and wildcard", found_by_name)
check("dicomweb-client: search by date", lambda: study_found(StudyDate="20260301-20260331"))
check("dicomweb-client: search by accession and modality", lambda: study_found(AccessionNumber="ACC1", ModalitiesInStudy="CT"))
check("dicomweb-client: search for series", series_found)
check("dicomweb-client: search for instances in pages", paged)
check("dicomweb-client: retrieve study, every element equal", study_retrieved)
check("dicomweb-client: stream series", series_streamed)
check("dicomweb-client: retrieve instance", instance_retrieved)
check("dicomweb-client: metadata with bulk data, every element equal", metadata)
check("dicomweb-client: frames of a multi-frame object", frames)
check("dicomweb-client: frame of an implicit object", frames_implicit)
check("dicomweb-client: nothing there", nothing_there)
check("dicomweb-client: transfer syntax that is not stored is 406", not_acceptable)

# Orthanc as client of our service, then as server for our client.
FROM_ORTHANC, FROM_SERIES = generate_uid(), generate_uid()
at_orthanc = [ct(i, study=FROM_ORTHANC, series=FROM_SERIES) for i in range(1, 25)]


def orthanc(method, path, **kw):
    rs = requests.request(method, ORTHANC + path, timeout=60, **kw)
    rs.raise_for_status()
    return rs.json() if rs.content else None


def orthanc_filled():
    for d in at_orthanc:
        orthanc("POST", "/instances", data=encoded(d))


def orthanc_job(path, body):
    job = orthanc("POST", path, json={**body, "Synchronous": False})["ID"]
    for _ in range(600):
        state = orthanc("GET", f"/jobs/{job}")
        if state["State"] in ("Success", "Failure"):
            assert state["State"] == "Success", state
            return
        time.sleep(0.1)
    raise AssertionError("job does not end")


def orthanc_stows():
    ids = orthanc("POST", "/tools/lookup", data=FROM_ORTHANC)
    orthanc_job("/dicom-web/servers/neckfrac/stow", {"Resources": [ids[0]["ID"]]})
    got = by_uid(client.retrieve_study(FROM_ORTHANC))
    for want in at_orthanc:
        same(got[want.SOPInstanceUID], want)


def orthanc_searches():
    rs = requests.post(ORTHANC + "/dicom-web/servers/neckfrac/get", json={"Uri": "/studies", "Arguments": {"PatientID": "NF-TEST-PEER", "StudyInstanceUID": STUDY}}, timeout=60)
    rs.raise_for_status()
    hits = rs.json()
    assert len(hits) == 1 and hits[0]["0020000D"]["Value"] == [STUDY], hits


def orthanc_retrieves():
    orthanc_job("/dicom-web/servers/neckfrac/retrieve", {"Resources": [{"Study": STUDY}]})
    ids = orthanc("POST", "/tools/lookup", data=STUDY)
    count = orthanc("GET", f"/studies/{ids[0]['ID']}/statistics")["CountInstances"]
    assert int(count) == len(everything), count


check("Orthanc: filled", orthanc_filled)
check("Orthanc: its client stores a study at our service", orthanc_stows)
check("Orthanc: its client searches at our service", orthanc_searches)
check("Orthanc: its client retrieves from our service", orthanc_retrieves)
