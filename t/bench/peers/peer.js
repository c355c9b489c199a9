// SPDX-License-Identifier: Apache-2.0
// Redeems a coupon as a plain Node server would: node:http, pg with its pool. Only for t/bench/run peers.
// The environment is that of peer.go.
'use strict';
const crypto = require('crypto');
const fs = require('fs');
const http = require('http');
const { Pool } = require('pg');

const env = process.env;
const CERTIFICATES = '/goodlife/v1/fulfilment/certificate/';
const EPOCH_MS = 1704067200000;     // ids are made of the time, as the gateway makes them
const upstream = new URL(env.PEER_UPSTREAM);
const agent = new http.Agent({ keepAlive: true, maxSockets: 64 });
const pool = new Pool({ host: env.PEER_DATABASE, port: 5432, database: 'dygw', user: 'dygw', max: 32 });
const statement = (name) => ({ name, text: fs.readFileSync(`${env.PEER_DIR}/${name}.sql`, 'utf8') });
const insert = statement('insert');
const settle = statement('settle');
const nonces = new Map();
let serial = 0;

const hash = (text) => crypto.createHash('sha256').update(text).digest('hex');

function isSigned(req, body) {
    const { 'x-timestamp': stamp, 'x-nonce': nonce, 'x-signature': signature, 'x-client-key': key } = req.headers;
    const text = `${req.method}\n${req.url}\n${stamp}\n${nonce}\n${hash(body)}\n`;
    const mac = Buffer.from(crypto.createHmac('sha256', env.PEER_SECRET).update(text).digest('hex'));
    const given = Buffer.from(signature || '');
    if (key !== env.PEER_KEY || !(Math.abs(Date.now() / 1000 - Number(stamp)) < 300) || given.length !== mac.length
        || !crypto.timingSafeEqual(given, mac) || nonces.has(nonce)) {
        return false;
    }
    nonces.set(nonce, stamp);
    return true;
}

function whole(stream) {
    return new Promise((resolve, reject) => {
        const parts = [];
        stream.on('data', (part) => parts.push(part));
        stream.on('end', () => resolve(Buffer.concat(parts).toString('utf8')));
        stream.on('error', reject);
    });
}

function ask(method, target, body) {
    return new Promise((resolve, reject) => {
        const headers = { 'access-token': env.PEER_TOKEN, 'content-type': 'application/json',
            'Rpc-Transit-Life-Account': env.PEER_ACCOUNT };
        if (body) {
            headers['Content-Length'] = Buffer.byteLength(body);
        }
        const request = http.request({ method, agent, host: upstream.hostname, port: upstream.port,
            path: CERTIFICATES + target, headers, timeout: 5000 }, (answer) => whole(answer).then(resolve, reject));
        request.on('error', reject);
        request.end(body);
    });
}

// The 19 digits of a certificate are more than a number of JavaScript can hold.
const parsePrepared = (text) => JSON.parse(text.replace(/"certificate_id":(\d+)/g, '"certificate_id":"$1"'));

async function redeem(code, poi) {
    const first = await ask('GET', `prepare/?code=${encodeURIComponent(code)}&poi_id=${encodeURIComponent(poi)}`);
    const p = parsePrepared(first).data;
    const c = (p.certificates || [])[0];
    if (p.error_code !== 0 || !c) {
        throw new Error('no such answer from upstream');
    }
    const now = Date.now();
    const id = (now - EPOCH_MS) * 4096 + (++serial % 4096);
    const request = id.toString(36);
    const inserted = await pool.query({ ...insert, values: [id, poi, c.certificate_id, c.encrypted_code, code,
        c.sku.sku_id, c.sku.title, p.order_id, c.amount.pay_amount, c.expire_time * 1000, now, request,
        p.verify_token, now + 30000, hash(p.verify_token + c.encrypted_code), hash(request), env.PEER_ACCOUNT] });
    if (inserted.rowCount !== 1) {
        throw new Error('not inserted');
    }
    const second = await ask('POST', 'verify/', JSON.stringify({ verify_token: p.verify_token, poi_id: poi,
        encrypted_codes: [c.encrypted_code] }));
    const v = JSON.parse(second).data;
    if (v.error_code !== 0 || v.verify_results.length !== 1 || v.verify_results[0].result !== 0) {
        throw new Error('no such answer from upstream');
    }
    const done = Date.now();
    const settled = await pool.query({ ...settle, values: [id, v.verify_results[0].verify_id, done, done + 3600000,
        `{"prepare":${first},"verify":${second}}`] });
    if (settled.rowCount !== 1) {
        throw new Error('not settled');
    }
    return { id: String(id), verify_status: 'success', poi_id: poi, certificate_id: c.certificate_id,
        order_id: p.order_id, product_name: c.sku.title, verify_id: v.verify_results[0].verify_id,
        pay_amount: c.amount.pay_amount, verify_time: done };
}

async function serve(req, res) {
    const body = await whole(req);
    let status = 401;
    let answer = { code: 40101 };
    if (req.url === '/v1/open/coupons/verify' && isSigned(req, body)) {
        try {
            const asked = JSON.parse(body);
            answer = { code: 0, data: { verifications: [await redeem(asked.code, asked.poi_id)] } };
            status = 200;
        } catch (error) {
            status = 502;
            answer = { code: 50200, message: error.message };
        }
    }
    const text = JSON.stringify(answer);
    res.writeHead(status, { 'Content-Type': 'application/json', 'Content-Length': Buffer.byteLength(text) });
    res.end(text);
}

http.createServer({ keepAliveTimeout: 60000 }, serve).listen(Number(env.PEER_PORT), '127.0.0.1');
