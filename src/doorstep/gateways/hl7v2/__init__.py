"""HL7 version 2: messages of laboratory systems, in the encoding with bars (ER7), over MLLP."""
