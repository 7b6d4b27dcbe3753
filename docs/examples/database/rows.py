import psycopg


def fill(**connection):
    with psycopg.connect(**connection) as conn:
        conn.execute("INSERT INTO books (title) SELECT 'Volume ' || n FROM generate_series(1, 1000) AS n")
