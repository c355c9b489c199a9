// SPDX-License-Identifier: Apache-2.0
// What Redocly's linter has to say about an OpenAPI document, by its strictest set of rules, and whether Ajv, which is
// strict about schemas as well, takes each of them; as TAP.
//   usage: node lint.mjs FILE...
import { createConfig, lint } from '@redocly/openapi-core';
import { Checker } from './document.mjs';
import { readFile } from 'node:fs/promises';

let tests = 0;
let failed = 0;

function report(name, findings) {
  for (const finding of findings) console.error(`# ${finding}`);
  failed += findings.length > 0;
  tests += 1;
  console.log(`${findings.length ? 'not ok' : 'ok'} ${tests} - ${name}`);
}

async function linted(path, config) {
  const problems = await lint({ ref: path, config });
  return problems.map((p) => `${p.ruleId}: ${p.message} (${p.location?.[0]?.pointer ?? ''})`);
}

async function compiled(path) {
  try {
    new Checker(JSON.parse(await readFile(path, 'utf8'))).compileAll();
    return [];
  } catch (error) {
    return [error.message];
  }
}

const config = await createConfig({ extends: ['recommended-strict'] });
for (const path of process.argv.slice(2)) {
  report(`${path}: the linter finds nothing`, await linted(path, config));
  if (path.endsWith('.json')) report(`${path}: every schema is one`, await compiled(path));
}
console.log(`1..${tests}`);
process.exit(failed ? 1 : 0);
