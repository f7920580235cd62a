"""Pages of the two-way referral: the dialog, the referral itself, arriving, the outside doctor, the paper."""
