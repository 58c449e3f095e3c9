"""Open311 GeoReport v2: a town's endpoint is read, made into components, and kept up to date."""
