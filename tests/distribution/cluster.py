"""What Citus adds to a database, as far as Viewgraph asks for it, in SQL. It only notes calls."""

import asyncio
from typing import Any

import asyncpg
from sqlalchemy import make_url

EXTENSION = """
INSERT INTO pg_extension (oid, extname, extowner, extnamespace, extrelocatable, extversion)
    VALUES (99999, 'citus', 10, 'public'::regnamespace, false, '13.2')
"""
_FUNCTIONS = """
CREATE TABLE workers (node_name text, node_port bigint);
CREATE TABLE refused (name text);
CREATE TABLE calls (number int GENERATED ALWAYS AS IDENTITY, call text);
CREATE TABLE pg_dist_colocation (colocationid int, shardcount int);
CREATE TABLE pg_dist_partition (logicalrelid regclass PRIMARY KEY, partmethod "char", colocationid int);
CREATE FUNCTION citus_get_active_worker_nodes(OUT node_name text, OUT node_port bigint)
    RETURNS SETOF record LANGUAGE sql AS 'SELECT * FROM workers';
CREATE FUNCTION keep(name text, method "char", colocation int, call text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    IF name IN (SELECT refused.name FROM refused) THEN RAISE 'a worker went away'; END IF;
    INSERT INTO pg_dist_partition VALUES (name::regclass, method, colocation);
    INSERT INTO calls (call) VALUES (call);
END $$;
CREATE FUNCTION create_reference_table(table_name regclass) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO pg_dist_colocation VALUES (1, 1);
    PERFORM keep(table_name::text, 'n', 1, format('reference %s', table_name));
END $$;
CREATE FUNCTION create_distributed_table(
    table_name regclass, distribution_column text, distribution_type text DEFAULT 'hash',
    colocate_with text DEFAULT 'default', shard_count int DEFAULT NULL
) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    IF colocate_with = 'none' THEN INSERT INTO pg_dist_colocation VALUES (2, shard_count); END IF;
    PERFORM keep(
        table_name::text, 'h', 2,
        format('%s by %s with %s, %s', table_name, distribution_column, colocate_with, shard_count)
    );
END $$;
"""


def add_extension(url: str) -> None:
    """From now on, connections find Citus in the database."""
    run(url, EXTENSION)


def add_functions(url: str) -> None:
    run(url, _FUNCTIONS)


def run(url: str, script: str) -> list[Any]:
    """The first column of what a single statement returns."""
    return asyncio.run(ran(url, script))


async def ran(url: str, script: str) -> list[Any]:
    dsn = make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)
    connection = await asyncpg.connect(dsn)
    try:
        if ";" not in script:
            return [row[0] for row in await connection.fetch(script)]
        await connection.execute(script)
        return []
    finally:
        await connection.close()
