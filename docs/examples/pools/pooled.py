import os

from psycopg_pool import ConnectionPool, NullConnectionPool

most = int(os.environ["POOL_MAX"])
pool = ConnectionPool(min_size=1, max_size=most) if most else NullConnectionPool(max_size=0)


def app(environ, start_response):
    with pool.connection() as connection:
        [total] = connection.execute("SELECT sum(n) FROM generate_series(1, 100) AS n").fetchone()
    body = str(total).encode()
    start_response("200 OK", [("Content-Type", "text/plain"), ("Content-Length", str(len(body)))])
    return [body]
