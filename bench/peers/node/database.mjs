// One pool, with named statements, which PostgreSQL prepares once a connection.
import pg from "pg";

pg.types.setTypeParser(pg.types.builtins.INT8, Number);
// A Date has milliseconds alone.
pg.types.setTypeParser(pg.types.builtins.TIMESTAMPTZ, (text) => `${text.replace(" ", "T")}:00`);
const pool = new pg.Pool({ connectionString: process.env.PEER_DATABASE, max: 10 });

export async function rows(name, text, values) {
  return (await pool.query({ name, text, values })).rows;
}
