"""Pages of the front of the house: booking, check-in, the waiting line and its screens, the weeks of clinics."""
