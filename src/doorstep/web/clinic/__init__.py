"""Pages of the township doctor: find the resident, open the visit, order, read, refer."""
