"""Optional services for larger records: Milvus, Ray, Redis, PostgreSQL."""
