'use strict';
// Copied beside a bundled program, and run by the package's own Node: loads the program together with the byte code that an
// earlier run has left, that of functions compiled on the way included. Compiling them anew costs a third of a start.
const { readFileSync, renameSync, writeFileSync } = require('node:fs');
const { join } = require('node:path');
const { pathToFileURL } = require('node:url');
const { constants, Script } = require('node:vm');

/** Milliseconds after which a start is over and its functions are worth keeping. */
const settled = 4_000;
/** Verbs that run long; all others share what is kept. */
const servers = ['up', 'server', 'agent'];

const filename = join(__dirname, 'program.js');
const kept = join(__dirname, `${servers.includes(process.argv[2]) ? process.argv[2] : 'command'}.cache`);

function read(path) {
  try {
    return readFileSync(path);
  } catch {
    return undefined;
  }
}

const cachedData = read(kept);
const script = new Script(readFileSync(filename, 'latin1'), {
  filename,
  cachedData,
  importModuleDynamically: constants.USE_MAIN_CONTEXT_DEFAULT_LOADER,
});

function keep() {
  process.off('exit', keep);
  try {
    const partial = `${kept}.${process.pid}`;
    writeFileSync(partial, script.createCachedData());
    renameSync(partial, kept);
  } catch {
    // The next start takes longer; nothing else depends on it.
  }
}

if (cachedData === undefined || script.cachedDataRejected) {
  process.on('exit', keep);
  setTimeout(keep, settled).unref();
}
script.runInThisContext()(require, __dirname, pathToFileURL(filename).href);
