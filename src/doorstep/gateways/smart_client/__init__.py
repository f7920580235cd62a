"""Another vendor's system, as whose app we are opened: SMART App Launch 2.2 from the side of the app."""
