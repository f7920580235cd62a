"""DICOM: what a modality asks for and sends (PS3.4 annexes B and K), and what its pixels and samples say."""
