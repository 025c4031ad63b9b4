// PouchDB as a client of a server: `node pouch.js push|pull URL FOLDER COUNT` says how long.
"use strict";

const path = require("path");
const peers = path.join(__dirname, "..", "tests", "interop", "peers", "node_modules");
const PouchDB = require(path.join(peers, "pouchdb"));

const TEXT = "申请材料齐全，符合法定形式，经审核情况属实，同意按规定程序办理。";
const BATCH = 1000;

async function fill(db, count) {
  for (let start = 0; start < count; start += BATCH) {
    const docs = [];
    for (let number = start; number < Math.min(start + BATCH, count); number += 1) {
      const blob = require("crypto").randomBytes(384).toString("base64");
      docs.push({ _id: `hx-${number}`, blob, text: TEXT.repeat(3), number });
    }
    await db.bulkDocs(docs);
  }
}

async function main([act, url, folder, count]) {
  const local = new PouchDB(path.join(folder, `${act}-${process.pid}`));
  if (act === "push") {
    await fill(local, Number(count));
  }
  const started = process.hrtime.bigint();
  const done = await (act === "push" ? local.replicate.to(url) : local.replicate.from(url));
  const seconds = Number(process.hrtime.bigint() - started) / 1e9;
  if (done.docs_written !== Number(count)) {
    throw new Error(`${done.docs_written} documents instead of ${count}`);
  }
  process.stdout.write(JSON.stringify({ seconds }) + "\n");
  process.exit(0);
}

main(process.argv.slice(2));
