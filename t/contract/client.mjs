// SPDX-License-Identifier: Apache-2.0
// Sends requests as the document's security schemes want them.
import { createHash, createHmac, randomBytes } from 'node:crypto';
import http from 'node:http';

const TIMEOUT_MS = 30000;

function sha(kind, ...parts) {
  const hash = createHash(kind);
  parts.forEach((part) => hash.update(part));
  return hash.digest('hex');
}

export class Client {
  constructor(setup) {
    this.setup = setup;
    this.agent = new http.Agent({ keepAlive: true, maxSockets: 4 });
  }

  // The headers that prove who calls, by what the operation asks for.
  credentials(operation, target, body) {
    const schemes = Object.keys(operation.security?.[0] ?? {});
    if (schemes.includes('operator')) return { 'X-XTJ-UID': 'contract tester' };
    if (schemes.includes('douyinSignature')) {
      return { 'X-Douyin-Signature': sha('sha1', this.setup.douyinSecret, body) };
    }
    if (!schemes.includes('signature')) return {};
    const timestamp = String(Math.floor(Date.now() / 1000));
    const nonce = randomBytes(16).toString('hex');
    const text = [operation.method, target, timestamp, nonce, sha('sha256', body)].map((line) => `${line}\n`).join('');
    return {
      'X-Client-Key': this.setup.key, 'X-Timestamp': timestamp, 'X-Nonce': nonce,
      'X-Signature': createHmac('sha256', this.setup.secret).update(text).digest('hex'),
    };
  }

  // A request to an operation: target, body (text or bytes, undefined for none), headers, unsigned.
  call(operation, { target, body, headers = {}, unsigned = false, type = 'application/json' }) {
    const bytes = Buffer.from(body ?? '');
    const all = {
      ...(unsigned ? {} : this.credentials(operation, target, bytes)),
      ...(body === undefined ? {} : { 'Content-Type': type, 'Content-Length': bytes.length }),
      ...headers,
    };
    return this.send(operation.method, target, all, bytes);
  }

  send(method, path, headers, bytes) {
    return new Promise((done, failed) => {
      const request = http.request({
        host: '127.0.0.1', port: this.setup.port, method, path, headers, agent: this.agent, timeout: TIMEOUT_MS,
      }, (response) => {
        const chunks = [];
        response.on('data', (chunk) => chunks.push(chunk));
        response.on('error', failed);
        response.on('end', () => done(this.answer(response, Buffer.concat(chunks))));
      });
      request.on('error', failed);
      request.on('timeout', () => request.destroy(new Error('no answer in time')));
      request.end(bytes);
    });
  }

  answer(response, bytes) {
    const answer = { status: response.statusCode, headers: response.headers, text: bytes.toString('utf8') };
    try {
      answer.json = JSON.parse(answer.text);
    } catch {
      // Whoever expects JSON will miss it.
    }
    return answer;
  }

  close() { this.agent.destroy(); }
}
