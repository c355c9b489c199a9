// SPDX-License-Identifier: Apache-2.0
// Tests a live gateway against its description: requests made up from the schemas of each operation, those that
// conform and those that do not, and what is no request at all. As TAP, a test for each operation and property.
//   usage: node tester.mjs SETUP.json
// SETUP: port, document (a path), key and secret of an app, douyinSecret, hints (values by field), taken (ids that
// must stay as they are), seed and runs (both optional). A failure tells the seed and the smallest request.
import { readFile } from 'node:fs/promises';
import fc from 'fast-check';
import { Client } from './client.mjs';
import { Checker } from './document.mjs';
import { Generator } from './generate.mjs';

const DAY_MS = 86400000;

const setup = JSON.parse(await readFile(process.argv[2], 'utf8'));
const checker = new Checker(JSON.parse(await readFile(setup.document, 'utf8')));
const generator = new Generator(checker, setup.hints);
const client = new Client(setup);
const parameters = { seed: setup.seed ?? 20260101, numRuns: setup.runs ?? 100, includeErrorInReport: true };

// What a schema cannot say: fields that may be refused although they conform, and when; because of another one, of the
// time, of the configuration, or of what the network has behind it.
const MEANING = {
  short_link: () => true,
  store: ({ poi_id: poi, store }) => poi !== undefined || !(setup.hints.store ?? []).includes(store),
  date: ({ date }) => Date.parse(date) > Date.now() - 2 * DAY_MS,
  end_time: ({ start_time: start }) => start !== undefined,
  page: ({ after_id: after, export: format }) => after !== undefined || format !== undefined,
  after_id: ({ page, export: format }) => page !== undefined || format !== undefined,
  page_size: ({ export: format }) => format !== undefined,
  bom: ({ export: format }) => format === undefined,
  raw: ({ export: format }) => format === undefined,
  lang: ({ export: format }) => format === undefined,
};
// The same of parameters alone, whose names a body has with another meaning.
const MEANING_OF_QUERY = {
  code: ({ code, start_time: start, end_time: end }) =>
    code?.replace(/[ -]/g, '').length < 8 && start === undefined && end === undefined,
};
// Bodies and queries of anything are taken by these.
const LENIENT = new Set(['receiveWebhook', 'getHealth', 'getLiveness']);

// --- requests ---

function targetOf(operation, path, query) {
  const filled = operation.path.replace(/\{(\w+)\}/g, (whole, name) => encodeURIComponent(path[name]));
  const pairs = query.map(([name, value]) => `${encodeURIComponent(name)}=${encodeURIComponent(value)}`);
  return filled + (pairs.length ? `?${pairs.join('&')}` : '');
}

function requestOf(operation, { path = {}, query = {}, header = {}, body }) {
  return {
    target: targetOf(operation, path, Object.entries(query)), headers: header,
    body: body === undefined ? undefined : JSON.stringify(body),
  };
}

const withBody = (operation, values, body) => requestOf(operation, { ...values, body });

const parametersIn = (operation, place) => operation.parameters.filter((p) => p.in === place);

function valuesOf(operation, place) {
  const all = parametersIn(operation, place);
  const taken = (value) => place === 'path' && setup.taken.includes(value);
  return fc.record(
    Object.fromEntries(all.map((p) => [p.name, generator.valid(p.schema, p.name).filter((v) => !taken(v))])),
    { requiredKeys: all.filter((p) => p.required).map((p) => p.name) });
}

function validRequests(operation) {
  return fc.record({
    path: valuesOf(operation, 'path'), query: valuesOf(operation, 'query'), header: valuesOf(operation, 'header'),
    ...(operation.body ? { body: generator.valid(operation.body) } : {}),
  });
}

// Those in which nothing is refused for its meaning, so that one more mistake is the only one.
function plainRequests(operation) {
  const meaning = Object.keys({ ...MEANING, ...MEANING_OF_QUERY });
  return validRequests(operation).map((values) => ({ ...values, query: without(values.query, ...meaning) }))
    .filter((values) => !Object.keys(values.body ?? {}).some((name) => name in MEANING));
}

// --- judging ---

function fail(request, answer, what) {
  throw new Error(`${what}\n${JSON.stringify(request)}\n${answer.status} ${answer.text.slice(0, 500)}`);
}

// Every answer is as described, and no 5xx but Douyin's refusals.
function judge(operation, request, answer) {
  const faults = checker.faults(operation, answer);
  if (faults.length) fail(request, answer, faults.join('; '));
  const refused = answer.status === 502 && answer.json?.code === 'upstream_refused';
  if (answer.status >= 500 && !refused) fail(request, answer, 'a fault of the server');
}

async function exchange(operation, request, options = {}) {
  const answer = await client.call(operation, { ...request, ...options });
  judge(operation, request, answer);
  return answer;
}

// --- properties ---

const properties = {
  async 'what conforms is not refused as malformed'(operation) {
    await fc.assert(fc.asyncProperty(validRequests(operation), async (values) => {
      const request = requestOf(operation, values);
      const answer = await exchange(operation, request);
      const field = answer.json?.field;
      const meant = MEANING[field]?.({ ...values.body, ...values.query }) || MEANING_OF_QUERY[field]?.(values.query);
      if ([400, 413, 415].includes(answer.status) && !meant) {
        fail(request, answer, 'it conforms, and is refused');
      }
    }), parameters);
  },

  async 'HEAD is GET without a body'(operation) {
    if (operation.method !== 'GET') return 'skip';
    const head = { ...operation, method: 'HEAD' };
    await fc.assert(fc.asyncProperty(validRequests(operation), async (values) => {
      const request = requestOf(operation, values);
      const [got, answer] = [await exchange(operation, request), await client.call(head, request)];
      const later = got.status === 200 && answer.status === 429;
      if ((answer.status !== got.status && !later) || answer.text !== '') {
        fail(request, answer, `GET says ${got.status}`);
      }
    }), { ...parameters, numRuns: 5 });
  },

  async 'a parameter that does not conform is refused by its name'(operation) {
    const all = [...parametersIn(operation, 'query'), ...parametersIn(operation, 'header')];
    const wrong = all.map((p) => fc.tuple(fc.constant(p), generator.invalid(p.schema).filter((v) => spellable(p, v))));
    if (!wrong.length || LENIENT.has(operation.operationId)) return 'skip';
    const requests = fc.tuple(plainRequests(operation), fc.oneof(...wrong));
    await fc.assert(fc.asyncProperty(requests, async ([values, [parameter, value]]) => {
      const changed = { ...values, [parameter.in]: { ...values[parameter.in], [parameter.name]: value } };
      await expectRefusal(operation, requestOf(operation, changed), parameter.name);
    }), parameters);
  },

  async 'a parameter that is not described, or is there twice, is refused by its name'(operation) {
    if (LENIENT.has(operation.operationId)) return 'skip';
    const unknown = namesBut(parametersIn(operation, 'query').map((p) => p.name));
    await fc.assert(fc.asyncProperty(plainRequests(operation), unknown, async (values, name) => {
      await expectRefusal(operation, requestOf(operation, { ...values, query: { ...values.query, [name]: '1' } }));
      for (const [twice, value] of Object.entries(values.query).slice(0, 1)) {
        const request = requestOf(operation, values);
        request.target += `&${twice}=${encodeURIComponent(value)}`;
        await expectRefusal(operation, request, twice);
      }
    }), parameters);
  },

  async 'a field that does not conform is refused by its name'(operation) {
    if (!operation.body || LENIENT.has(operation.operationId)) return 'skip';
    const requests = plainRequests(operation)
      .chain((values) => fc.tuple(fc.constant(values), wrongFields(operation, values)));
    await fc.assert(fc.asyncProperty(requests, async ([values, [name, value]]) => {
      const body = { ...values.body, [name]: value };
      fc.pre(value !== '' && !conformsSomehow(operation, body));
      await expectRefusal(operation, withBody(operation, values, body), name);
    }), parameters);
  },

  async 'a required field that is missing is refused by its name'(operation) {
    if (!operation.body || !formsOf(operation).every((form) => form.required)) return 'skip';
    await fc.assert(fc.asyncProperty(plainRequests(operation), fc.nat(), async (values, n) => {
      const names = Object.keys(values.body).filter((name) => !conformsSomehow(operation, without(values.body, name)));
      await expectRefusal(operation, withBody(operation, values, without(values.body, names[n % names.length])));
    }), { ...parameters, numRuns: 10 });
  },

  async 'a field that is not described is refused by its name'(operation) {
    if (!operation.body || LENIENT.has(operation.operationId)) return 'skip';
    const unknown = namesBut(Object.keys(fieldsOf(operation)));
    await fc.assert(fc.asyncProperty(plainRequests(operation), unknown, fc.jsonValue(), async (values, name, value) => {
      await expectRefusal(operation, withBody(operation, values, { ...values.body, [name]: value }), name);
    }), { ...parameters, numRuns: 10 });
  },

  async 'any JSON, and what is none, is answered as described'(operation) {
    if (!operation.body) return 'skip';
    const bytes = fc.uint8Array({ minLength: 1, maxLength: 200 }).map((array) => Buffer.from(array));
    const nested = fc.integer({ min: 30, max: 2000 }).map((n) => '['.repeat(n) + ']'.repeat(n));
    const bodies = fc.oneof(fc.json(), fc.string({ unit: 'binary' }), bytes, nested, fc.constant(''));
    await fc.assert(fc.asyncProperty(validRequests(operation), bodies, async (values, body) => {
      const answer = await exchange(operation, { ...requestOf(operation, values), body });
      const mayPass = LENIENT.has(operation.operationId) || passes(operation, body);
      if (answer.status < 400 && !mayPass) fail({ body: String(body) }, answer, 'it does not conform, and is taken');
    }), parameters);
  },

  async 'without credentials it is refused'(operation) {
    if (!operation.security.length) return 'skip';
    await fc.assert(fc.asyncProperty(validRequests(operation), async (values) => {
      const request = requestOf(operation, values);
      const answer = await exchange(operation, request, { unsigned: true });
      if (answer.status !== 401) fail(request, answer, 'not 401');
    }), { ...parameters, numRuns: 3 });
  },

  async 'a path that names nothing is 404'(operation) {
    if (!parametersIn(operation, 'path').length) return 'skip';
    const odd = fc.constantFrom('0', '-1', '01', '1.0', 'x', '1e3', '9223372036854775808', '1'.repeat(40), '1 ', '１');
    await fc.assert(fc.asyncProperty(validRequests(operation), odd, async (values, id) => {
      const request = requestOf(operation, { ...values, path: { id } });
      const answer = await exchange(operation, request);
      if (answer.status !== 404) fail(request, answer, 'not 404');
    }), { ...parameters, numRuns: 10 });
  },

  async 'other methods are 405, with those that there are'(operation) {
    const described = Object.keys(checker.document.paths[operation.path]).map((m) => m.toUpperCase());
    const others = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'].filter((m) => !described.includes(m));
    for (const method of others) {
      const request = { target: targetOf(operation, { id: 1 }, []) };
      const answer = await client.call({ ...operation, method }, request);
      const allow = (answer.headers.allow ?? '').split(/, */);
      const error = checker.document.components.responses.MethodNotAllowed;
      const faults = [...checker.headerFaults(error, answer), ...checker.bodyFaults(error, answer)];
      if (answer.status !== 405 || !described.every((m) => allow.includes(m))) faults.push(`Allow: ${allow}`);
      if (faults.length) fail({ method, ...request }, answer, faults.join('; '));
    }
  },

  async 'another type is 415, and too much is 413'(operation) {
    if (!operation.body || LENIENT.has(operation.operationId)) return 'skip';
    const request = { target: targetOf(operation, { id: 1 }, []), body: '{}' };
    for (const type of ['text/plain', 'application/x-www-form-urlencoded', 'application/json; charset=gbk']) {
      const answer = await exchange(operation, request, { type });
      if (answer.status !== 415) fail({ type, ...request }, answer, 'not 415');
    }
    const answer = await exchange(operation, { ...request, body: JSON.stringify({ x: 'x'.repeat(70000) }) });
    if (answer.status !== 413) fail(request, answer, 'not 413');
  },
};

// A header cannot hold everything, and what is written the same in a query is the same.
function spellable(parameter, value) {
  if (value !== null && typeof value === 'object') return false;
  if (parameter.in === 'header') return typeof value === 'string' && /^[\x21-\x7e\x80-\xff]+$/.test(value);
  const text = String(value);
  return ![text, Number(text), text.split(',')].some((read) => checker.conforms(parameter.schema, read));
}

function without(object, ...names) {
  return Object.fromEntries(Object.entries(object).filter(([name]) => !names.includes(name)));
}

// Names that are none of these, many of them such as stand elsewhere.
function namesBut(names) {
  const elsewhere = checker.operations().flatMap((operation) =>
    [...operation.parameters.map((p) => p.name), ...(operation.body ? Object.keys(fieldsOf(operation)) : [])]);
  return fc.oneof(fc.constantFrom(...elsewhere), fc.stringMatching(/^[a-z_]{1,12}$/))
    .filter((name) => !names.includes(name));
}

// A body may have several forms.
function formsOf(operation) {
  const schema = checker.resolve(operation.body);
  return (schema.oneOf ?? [schema]).map((form) => checker.resolve(form));
}

const fieldsOf = (operation) => Object.assign({}, ...formsOf(operation).map((form) => form.properties));

// A field of the form that the body has.
function wrongFields(operation, values) {
  const form = formsOf(operation).find((candidate) => checker.conforms(candidate, values.body));
  return fc.oneof(...Object.entries(form.properties).map(([name, schema]) =>
    fc.tuple(fc.constant(name), generator.invalid(schema))));
}

// null and '' count as absent.
function conformsSomehow(operation, body) {
  const given = Object.fromEntries(Object.entries(body).filter(([, value]) => value !== null && value !== ''));
  return checker.conforms(operation.body, body) || checker.conforms(operation.body, given);
}

function passes(operation, body) {
  try {
    const value = JSON.parse(String(body));
    return value !== null && typeof value === 'object' && !Array.isArray(value) && conformsSomehow(operation, value);
  } catch {
    return false;
  }
}

async function expectRefusal(operation, request, field) {
  const answer = await exchange(operation, request);
  const named = field === undefined || answer.json?.field?.toLowerCase() === field.toLowerCase();
  if (answer.status !== 400) fail(request, answer, `${field} is wrong, and it is not 400`);
  if (!named) fail(request, answer, `${field} is wrong, and not named`);
}

// --- all of it ---

let tests = 0;
let failed = 0;

for (const operation of checker.operations()) {
  for (const [name, property] of Object.entries(properties)) {
    let found;
    try {
      if (await property(operation) === 'skip') continue;
    } catch (error) {
      found = error.message;
      failed += 1;
    }
    tests += 1;
    console.log(`${found ? 'not ok' : 'ok'} ${tests} - ${operation.method} ${operation.path}: ${name}`);
    if (found) console.error(found.replace(/^/gm, '# '));
  }
}
client.close();
console.log(`1..${tests}`);
process.exitCode = failed ? 1 : 0;
