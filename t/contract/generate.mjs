// SPDX-License-Identifier: Apache-2.0
// From a schema to values: those that conform, and those that do not.
import fc from 'fast-check';

const TEXT_MAX = 80;        // characters of a text that the schema does not limit
const LIST_MAX = 5;
const NO_CONTROLS = '^[^\\x00-\\x1f\\x7f-\\x9f]*$';
const PRINTABLE = fc.string({ unit: 'binary', minLength: 1, maxLength: 1 })
  .filter((character) => new RegExp(NO_CONTROLS).test(character));
const DAY_MS = 86400000;
const INT64 = 9.2e18;       // what is longer is no number at all here

export class Generator {
  // hints: values by the name of a field, which make requests meet what is there.
  constructor(checker, hints) {
    this.checker = checker;
    this.hints = hints;
  }

  // Values that conform to the schema; name: of the field or parameter.
  valid(schema, name) {
    const plain = this.checker.resolve(schema);
    const hints = (this.hints[name] ?? []).filter((hint) => this.checker.conforms(schema, hint));
    const any = this.anyValue(plain).filter((value) => this.checker.conforms(schema, value));
    return hints.length ? fc.oneof({ weight: 2, arbitrary: fc.constantFrom(...hints) }, any) : any;
  }

  anyValue(schema) {
    const choices = schema.properties ? undefined : schema.oneOf ?? schema.anyOf;
    if (choices) return fc.oneof(...choices.map((choice) => this.valid(choice)));
    if (schema.const !== undefined) return fc.constant(schema.const);
    if (schema.enum) return fc.constantFrom(...schema.enum);
    const types = [schema.type ?? ['object', 'string']].flat();
    return fc.oneof(...types.map((type) => this.ofType(type, schema)));
  }

  ofType(type, schema) {
    switch (type) {
      case 'null': return fc.constant(null);
      case 'boolean': return fc.boolean();
      case 'integer': return this.integer(schema);
      case 'array': return this.list(schema);
      case 'object': return this.object(schema);
      default: return this.text(schema);
    }
  }

  list(schema) {
    const list = schema.uniqueItems ? fc.uniqueArray : fc.array;
    return list(this.valid(schema.items), { minLength: schema.minItems ?? 0, maxLength: LIST_MAX });
  }

  integer(schema) {
    const max = Math.min(schema.maximum ?? 2 ** 31, Number.MAX_SAFE_INTEGER);
    const min = schema.minimum ?? -(2 ** 31);
    return fc.oneof(fc.constantFrom(min, max), { weight: 2, arbitrary: fc.integer({ min, max }) });
  }

  // Of an object, oneOf says which of some properties is there: {required: [name]} each.
  object(schema) {
    const choices = (schema.oneOf ?? [{ required: [] }]).map((choice) => choice.required);
    return fc.oneof(...choices.map((chosen) => {
      const others = choices.flat().filter((name) => !chosen.includes(name));
      const properties = Object.entries(schema.properties ?? {}).filter(([name]) => !others.includes(name));
      return fc.record(Object.fromEntries(properties.map(([name, of]) => [name, this.valid(of, name)])),
        { requiredKeys: [...schema.required ?? [], ...chosen] });
    }));
  }

  text(schema) {
    const { minLength = 0, maxLength = TEXT_MAX, pattern } = schema;
    if (schema.format === 'date') return day();
    if (pattern?.includes('T\\d\\d')) return fc.oneof(day(), instant());
    if (pattern === undefined || pattern === NO_CONTROLS) {
      return fc.oneof(text(minLength, minLength), text(maxLength, maxLength), text(minLength, maxLength));
    }
    return fc.stringMatching(new RegExp(pattern)).filter((value) => value.length <= (schema.maxLength ?? Infinity));
  }

  // Values that do not conform, of every kind of mistake that the schema has a word about.
  invalid(schema) {
    const plain = this.checker.resolve(schema);
    const { minimum, maximum, minLength } = plain;
    const wrong = [text(1), fc.constantFrom(true, 0, -1, 1.5, 1e300, {}, [], [null], '', '\u0001', '\u007f', 'x\n')];
    // The edges are worth as much as all the rest.
    if (maximum !== undefined) wrong.push(fc.constantFrom(maximum + 1, maximum + 1, Math.min(maximum * 10, INT64)));
    if (minimum !== undefined) wrong.push(fc.constant(minimum - 1));
    if (minLength > 1) wrong.push(text(minLength - 1, minLength - 1));
    const longest = lengthOf(plain);
    const longer = fc.tuple(fc.constantFrom('1', '名'), fc.constantFrom(1, 9));
    if (longest) wrong.push(longer.map(([character, n]) => character.repeat(longest + n)));
    return fc.oneof(...wrong).filter((value) => !this.checker.conforms(schema, value));
  }
}

// Text of any characters but controls. U+0000 is no part of JSON here: it is refused before the field that it is in
// is looked at.
function text(minLength, maxLength) {
  return fc.string({ unit: PRINTABLE, minLength, maxLength });
}

// How long a text may be; 0 when the schema does not say.
function lengthOf({ maxLength = 0, pattern = '' }) {
  return Math.max(maxLength, ...[...pattern.matchAll(/,(\d+)\}/g)].map((match) => Number(match[1])));
}

export function day() {
  return fc.integer({ min: 0, max: 30000 }).map((n) => new Date(n * DAY_MS).toISOString().slice(0, 10));
}

export function instant() {
  const offset = fc.constantFrom('Z', '+08:00', '-03:30', '+00:00');
  return fc.tuple(fc.integer({ min: DAY_MS, max: 30000 * DAY_MS }), offset).map(([ms, zone]) =>
    new Date(ms).toISOString().replace('Z', zone));
}
