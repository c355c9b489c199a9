// SPDX-License-Identifier: Apache-2.0
// An OpenAPI document: its operations, and whether answers are as it says.
import Ajv2020 from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';

const METHODS = ['get', 'post', 'patch', 'put', 'delete'];

export class Checker {
  constructor(document) {
    this.document = document;
    // Keywords of OpenAPI's own, and `type: [string, 'null']`, are no mistakes.
    this.ajv = new Ajv2020({ strict: true, allowUnionTypes: true, strictRequired: false, strictTypes: false });
    addFormats(this.ajv);
    this.ajv.addFormat('int64', { type: 'number', validate: () => true });
    this.ajv.addVocabulary(['components', 'paths', 'info', 'openapi', 'servers', 'tags']);
    this.ajv.addSchema({ $id: 'doc:', ...document }, 'doc:');
    this.compiled = new Map();
  }

  resolve(value) {
    if (!value || value.$ref === undefined) return value;
    const path = value.$ref.split('/').slice(1);
    const { $ref, ...siblings } = value;
    return { ...this.resolve(path.reduce((at, name) => at[name], this.document)), ...siblings };
  }

  operations() {
    return Object.entries(this.document.paths).flatMap(([path, item]) =>
      METHODS.filter((method) => item[method]).map((method) => this.operation(path, method, item[method])));
  }

  operation(path, method, described) {
    return {
      ...described, path, method: method.toUpperCase(),
      parameters: (described.parameters ?? []).map((p) => this.resolve(p)),
      body: described.requestBody?.content['application/json'].schema,
    };
  }

  // The schema as a function; refs are into the document.
  validator(schema) {
    let validate = this.compiled.get(schema);
    if (!validate) {
      const rooted = JSON.parse(JSON.stringify(schema), (key, v) => (key === '$ref' ? v.replace(/^#/, 'doc:#') : v));
      validate = this.ajv.compile(rooted);
      this.compiled.set(schema, validate);
    }
    return validate;
  }

  conforms(schema, value) { return this.validator(schema)(value); }

  compileAll() {
    Object.values(this.document.components.schemas).forEach((schema) => this.validator(schema));
    for (const operation of this.operations()) {
      operation.parameters.forEach((p) => this.validator(p.schema));
      if (operation.body) this.validator(operation.body);
      for (const response of Object.values(operation.responses)) {
        Object.values(this.resolve(response).content ?? {}).forEach((c) => this.validator(c.schema));
      }
    }
  }

  // What is not as described about an answer to an operation: status, headers, body.
  faults(operation, answer) {
    const response = this.resolve(operation.responses[answer.status]);
    if (!response) return [`the status ${answer.status} is not described`];
    return [...this.headerFaults(response, answer), ...this.bodyFaults(response, answer)];
  }

  headerFaults(response, answer) {
    return Object.entries(response.headers ?? {}).flatMap(([name, reference]) => {
      const header = this.resolve(reference);
      const text = answer.headers[name.toLowerCase()];
      if (text === undefined) return header.required ? [`no header ${name}`] : [];
      const value = header.schema.type === 'integer' ? Number(text) : text;
      return this.conforms(header.schema, value) ? [] : [`header ${name}: ${text}`];
    });
  }

  bodyFaults(response, answer) {
    const type = (answer.headers['content-type'] ?? '').replace(/;.*/, '').trim();
    const content = response.content?.[type];
    if (!content) return [`the type ${type} is not described`];
    if (type !== 'application/json') return [];
    if (answer.json === undefined) return ['the body is not JSON'];
    const validate = this.validator(content.schema);
    return validate(answer.json) ? [] : validate.errors.map((e) => `${e.instancePath}: ${e.message}`);
  }
}
