// PouchDB, told what to do by lines of JSON on standard input; each is answered by one line.
// A database is named by its folder or by its address.
"use strict";

const readline = require("readline");
const PouchDB = require("pouchdb");

const databases = new Map();
const running = new Map();

function database(name) {
  if (!databases.has(name)) {
    databases.set(name, new PouchDB(name));
  }
  return databases.get(name);
}

// Links of these tests break many times a second: nobody waits ten minutes for the next try.
const impatient = { live: true, retry: true, back_off_function: () => 50 };

const acts = {
  put: ({ db, doc }) => database(db).put(doc),
  bulk: ({ db, docs }) => database(db).bulkDocs(docs),
  get: ({ db, id, options }) => database(db).get(id, options || {}),
  remove: ({ db, id, rev }) => database(db).remove(id, rev),
  all: ({ db, options }) => database(db).allDocs(options || {}),
  info: ({ db }) => database(db).info(),
  attachment: async ({ db, id, name }) => {
    const content = await database(db).getAttachment(id, name);
    return content.toString("base64");
  },
  replicate: async ({ source, target, options }) => {
    const done = await database(source).replicate.to(database(target), options || {});
    return { read: done.docs_read, written: done.docs_written, errors: done.errors.length };
  },
  changes: async ({ db, options }) => {
    const feed = await database(db).changes(options || {});
    return { ids: feed.results.map((row) => row.id), last_seq: feed.last_seq };
  },
  start: async ({ name, local, remote, options }) => {
    const sync = database(local).sync(database(remote), { ...impatient, ...(options || {}) });
    sync.on("error", () => {});
    running.set(name, sync);
    return true;
  },
  stop: async ({ name }) => {
    const sync = running.get(name);
    const ended = new Promise((resolve) => sync.on("complete", resolve));
    sync.cancel();
    await ended;
    return true;
  },
};

async function answer(line) {
  const { act, ...details } = JSON.parse(line);
  try {
    return { ok: await acts[act](details) };
  } catch (error) {
    return { error: error.name, reason: error.reason || error.message, status: error.status };
  }
}

async function main() {
  for await (const line of readline.createInterface({ input: process.stdin })) {
    process.stdout.write(JSON.stringify(await answer(line)) + "\n");
  }
  process.exit(0);
}

main();
