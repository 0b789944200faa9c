"""PostgreSQL through psycopg: the schema, the one-transaction commit, and named queries."""
