"""Pages of residents about their own record: who saw it, who may, what is restricted, who acts for them."""
