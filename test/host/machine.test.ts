import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { prettyLine } from '#host/log.ts';
import { createWorld } from '#host/world.ts';
import { until } from '../support/until.ts';

const folder = mkdtempSync(join(tmpdir(), 'tutti-host-'));
const world = createWorld({ logLevel: 'silent' });
after(() => rmSync(folder, { recursive: true, force: true }));

/** Whether a process has ended, though nobody may have asked how yet. */
function isDead(pid: string): boolean {
  try {
    return / [ZX] /.test(readFileSync(`/proc/${pid}/stat`, 'utf8').replace(/^.*\)/, ')'));
  } catch {
    return true;
  }
}

describe('processes', () => {
  const { exec } = world;

  it('run to their end with input, environment and directory', async () => {
    const result = await exec.run('sh', ['-c', 'cat; echo "$WHO" >&2; pwd; exit 3'], { input: 'in\n', env: { WHO: 'me' }, cwd: '/' });
    assert.deepEqual(result, { code: 3, stdout: 'in\n/\n', stderr: 'me\n' });
  });

  it('are killed with all that they started when time is up', async () => {
    const result = await exec.run('sh', ['-c', 'sleep 1000 & echo $$ $!; wait'], { timeout: 2_000 });
    assert.deepEqual([result.code, result.timedOut], [-1, true]);
    const pids = result.stdout.trim().split(' ');
    assert.equal(pids.length, 2);
    for (const pid of pids) await until(`${pid} is dead`, () => isDead(pid));
  });

  it('are killed when the signal aborts', async () => {
    const stop = new AbortController();
    const run = exec.run('sleep', ['60'], { signal: stop.signal });
    setTimeout(() => stop.abort(), 50);
    assert.equal((await run).code, -1);
  });

  it('do not hold us when they leave a daemon behind', async () => {
    const result = await exec.run('sh', ['-c', 'sleep 3 & echo done'], { timeout: 60_000 });
    assert.deepEqual([result.code, result.stdout], [0, 'done\n']);
  });

  it('reject when there is no such command', async () => {
    await assert.rejects(exec.run('/no/such/command', []), { code: 'ENOENT' });
    assert.equal(await exec.spawn('/no/such/command', []).exited, -1);
  });

  it('talk while they run', async () => {
    let output = '';
    const child = exec.spawn('cat', [], { onOutput: (text) => (output += text) });
    assert.ok(exec.alive(child.pid));
    child.write('one\n');
    child.write('two\n');
    child.endInput();
    assert.equal(await child.exited, 0);
    assert.equal(output, 'one\ntwo\n');
  });

  it('know what does not exist, and never signal groups', () => {
    assert.equal(exec.alive(0), false);
    assert.equal(exec.alive(2 ** 22 + 5), false);
    exec.kill(2 ** 22 + 5, 'SIGTERM');
    exec.kill(-1, 'SIGTERM');
    exec.kill(0, 'SIGTERM');
  });
});

describe('files', () => {
  const { fs } = world;
  const at = (name: string): string => join(folder, name);

  it('are replaced whole, with their mode, leaving nothing beside them', async () => {
    await fs.mkdir(at('atomic'));
    await fs.write(at('atomic/file'), 'one', { atomic: true, mode: 0o600 });
    const writes = Array.from({ length: 20 }, (_, i) =>
      fs.write(at('atomic/file'), String(i).repeat(50_000), { atomic: true, mode: 0o640 }),
    );
    for (let i = 0; i < 20; i++) {
      const text = await fs.readText(at('atomic/file'));
      assert.ok(text === 'one' || text.length % 50_000 === 0, 'half a file');
    }
    await Promise.all(writes);
    assert.equal((await fs.stat(at('atomic/file')))?.mode, 0o640);
    assert.deepEqual(await fs.list(at('atomic')), ['file']);
  });

  it('are absent without an error where the contract says so', async () => {
    assert.equal(await fs.stat(at('none')), undefined);
    assert.equal(await fs.lstat(at('atomic/file/below')), undefined);
    assert.deepEqual(await fs.list(at('none')), []);
    await fs.remove(at('none'));
    await assert.rejects(fs.read(at('none')), { code: 'ENOENT' });
  });

  it('link, move, list in order and are read in pieces', async () => {
    await fs.mkdir(at('d/e'), 0o700);
    await fs.write(at('d/b'), 'hello');
    await fs.write(at('d/b'), ' world', { append: true });
    await fs.symlink('b', at('d/a'));
    assert.equal(await fs.readlink(at('d/a')), 'b');
    assert.equal((await fs.lstat(at('d/a')))?.kind, 'symlink');
    assert.equal((await fs.stat(at('d/a')))?.size, 11);
    assert.deepEqual(await fs.list(at('d')), ['a', 'b', 'e']);
    const file = await fs.open(at('d/a'));
    assert.equal(Buffer.from(await file.read(6, 100)).toString(), 'world');
    assert.equal((await file.read(100, 10)).length, 0);
    await file.close();
    await fs.rename(at('d/b'), at('d/c'));
    await assert.rejects(fs.rmdir(at('d')), { code: 'ENOTEMPTY' });
    assert.ok((await fs.usage(folder)).capacity > 0);
  });

  it('tell of changes', async () => {
    await fs.mkdir(at('w'));
    const changed = Promise.withResolvers<void>();
    const stop = fs.watch(at('w'), () => changed.resolve());
    await fs.write(at('w/x'), '1');
    await changed.promise;
    stop();
  });
});

describe('certificates', () => {
  const { pki } = world;

  it('are issued so that OpenSSL takes them', async () => {
    const ca = await pki.createCa('kubernetes', 10);
    const { cert, key } = await pki.issue(ca, {
      commonName: 'kube-apiserver',
      organizations: ['b', 'a', 'b'],
      dnsNames: ['kubernetes.default.svc', 'localhost'],
      ips: ['10.96.0.1', 'fd00::1'],
      usages: ['server', 'client'],
      days: 100_000,
    });
    assert.deepEqual(
      { ...pki.parseCert(cert), serialNumber: '', notBefore: 0, notAfter: 0 },
      {
        commonName: 'kube-apiserver',
        organizations: ['a', 'b'],
        dnsNames: ['kubernetes.default.svc', 'localhost'],
        ips: ['10.96.0.1', 'FD00:0:0:0:0:0:0:1'],
        issuer: 'CN=kubernetes',
        serialNumber: '',
        notBefore: 0,
        notAfter: 0,
        isCa: false,
      },
    );
    assert.equal(pki.parseCert(cert).notAfter, pki.parseCert(ca.cert).notAfter, 'no longer than the authority');
    assert.ok(pki.signedBy(cert, ca.cert));
    assert.ok(!pki.signedBy(cert, (await pki.createCa('kubernetes')).cert));
    for (const [name, text] of Object.entries({ ca: ca.cert, cert, key })) writeFileSync(join(folder, name), text);
    const out = execFileSync('openssl', [
      'verify',
      '-x509_strict',
      '-purpose',
      'sslserver',
      '-CAfile',
      join(folder, 'ca'),
      join(folder, 'cert'),
    ]);
    assert.match(out.toString(), /: OK/);
    execFileSync('openssl', ['pkey', '-in', join(folder, 'key'), '-noout', '-check'], { stdio: 'pipe' });
  });

  it('are signed from requests, ours and OpenSSL’s', async () => {
    const ca = await pki.createCa('ca');
    const own = await pki.createCsr({
      commonName: 'system:node:n1',
      organizations: ['system:nodes'],
      dnsNames: ['n1'],
      ips: ['10.0.0.1', '::1'],
    });
    const info = await pki.parseCsr(own.csr);
    assert.deepEqual(
      [info.commonName, info.organizations, info.dnsNames, info.ips, info.signed],
      ['system:node:n1', ['system:nodes'], ['n1'], ['10.0.0.1', '::1'], true],
    );
    const args = ['req', '-new', '-newkey', 'rsa:2048', '-nodes', '-keyout', '/dev/null', '-subj', '/O=devs/O=ops/CN=jane'];
    const csr = execFileSync('openssl', [...args, '-addext', 'subjectAltName=DNS:a.test,email:j@a.test,URI:spiffe://a'], {
      stdio: 'pipe',
    }).toString();
    const theirs = await pki.parseCsr(csr);
    assert.deepEqual(theirs, {
      commonName: 'jane',
      organizations: ['devs', 'ops'],
      dnsNames: ['a.test'],
      ips: [],
      emails: ['j@a.test'],
      uris: ['spiffe://a'],
      signed: true,
    });
    const cert = await pki.signCsr(ca, csr, { usages: ['client'], duration: 3_600_000 });
    const parsed = pki.parseCert(cert);
    assert.deepEqual([parsed.commonName, parsed.organizations, parsed.dnsNames], ['jane', ['devs', 'ops'], ['a.test']]);
    assert.ok(pki.signedBy(cert, ca.cert));
  });

  it('are refused for forged and broken requests', async () => {
    const ca = await pki.createCa('ca');
    const { csr } = await pki.createCsr({ commonName: 'a' });
    const der = Buffer.from(csr.replace(/-----[^-]+-----|\s/g, ''), 'base64');
    const wrap = (bytes: Buffer): string =>
      `-----BEGIN CERTIFICATE REQUEST-----\n${bytes.toString('base64')}\n-----END CERTIFICATE REQUEST-----\n`;
    const forged = Buffer.from(der);
    forged[forged.indexOf('a', 10)] = 'b'.charCodeAt(0);
    const info = await pki.parseCsr(wrap(forged)).catch(() => ({ signed: false }));
    assert.equal(info.signed, false);
    await assert.rejects(pki.signCsr(ca, wrap(forged), { usages: ['client'], duration: 1 }));
    for (let length = 0; length < der.length; length++) await assert.rejects(pki.parseCsr(wrap(der.subarray(0, length))));
    await assert.rejects(pki.parseCsr('no request'), /PEM block type must be CERTIFICATE REQUEST/);
    assert.throws(() => pki.parseCert('no certificate'));
  });
});

describe('tokens', () => {
  const { pki, jwt } = world;

  it('are signed and verified with RSA and EC keys', async () => {
    const keys = await Promise.all([pki.generateKey('rsa'), pki.generateKey('ec')]);
    for (const [i, key] of keys.entries()) {
      const token = jwt.sign({ sub: `user-${i}`, n: [1] }, key.privateKey);
      assert.deepEqual(
        jwt.verify(
          token,
          keys.map(({ publicKey }) => publicKey),
        ),
        { sub: `user-${i}`, n: [1] },
      );
      assert.equal(jwt.verify(token, [keys[1 - i]?.publicKey ?? '']), undefined);
      const [header, , signature] = token.split('.');
      const changed = `${header}.${Buffer.from('{"sub":"root"}').toString('base64url')}.${signature}`;
      assert.equal(jwt.verify(changed, [key.publicKey]), undefined);
      assert.deepEqual(jwt.decode(changed), { sub: 'root' });
      const unsigned = `${Buffer.from('{"alg":"none"}').toString('base64url')}.${token.split('.')[1]}.`;
      assert.equal(jwt.verify(unsigned, [key.publicKey]), undefined);
    }
    const set = jwt.jwks(keys.map(({ publicKey }) => publicKey)).keys;
    assert.deepEqual(
      set.map(({ kty, alg, use }) => [kty, alg, use]),
      [
        ['RSA', 'RS256', 'sig'],
        ['EC', 'ES256', 'sig'],
      ],
    );
    for (const nonsense of ['', 'a', 'a.b', 'a.b.c', '...', '{}.{}.{}']) assert.equal(jwt.verify(nonsense, [keys[0].publicKey]), undefined);
  });
});

describe('compression', () => {
  const { zip } = world;

  it('keeps its window between header blocks', async () => {
    const dictionary = Buffer.from('a dictionary of usual words');
    const [out, back] = [zip.deflater(dictionary), zip.inflater(dictionary, 10_000)];
    const texts = ['usual words', 'usual words again', '', 'x'.repeat(5_000)];
    const sizes: number[] = [];
    for (const text of texts) {
      const packed = await out.push(Buffer.from(text));
      sizes.push(packed.length);
      assert.equal(Buffer.from(await back.push(packed)).toString(), text);
    }
    await assert.rejects(back.push(await out.push(Buffer.alloc(20_000))), /larger than 10000/);
    out.close();
    await assert.rejects(back.push(Buffer.from('more')));
    await assert.rejects(zip.inflater(dictionary, 10).push(Buffer.from('nonsense')));
  });

  it('bounds what comes out of a bomb', async () => {
    const bomb = await zip.gzip(Buffer.alloc(10_000_000));
    await assert.rejects(zip.gunzip(bomb, 1_000_000), { code: 'ERR_BUFFER_TOO_LARGE' });
    assert.equal((await zip.gunzip(bomb, 10_000_000)).length, 10_000_000);
  });
});

describe('the log', () => {
  it('writes JSON lines to a file, with fields of children and errors', () => {
    const file = join(folder, 'logs/tutti.log');
    const { log } = createWorld({ logFile: file, logLevel: 'info' });
    log.child({ component: 'scheduler' }).warn('no room', { pod: 'a/b', error: new Error('why') });
    log.debug('unseen');
    const lines = readFileSync(file, 'utf8').trim().split('\n');
    assert.equal(lines.length, 1);
    const entry = JSON.parse(lines[0] ?? '') as Record<string, string>;
    assert.deepEqual([entry['component'], entry['msg'], entry['pod']], ['scheduler', 'no room', 'a/b']);
    assert.match(entry['error'] ?? '', /why/);
    const pretty = prettyLine(lines[0] ?? '');
    assert.match(pretty, /scheduler/);
    assert.match(pretty, /no room/);
    assert.equal(prettyLine('no json'), 'no json');
  });
});
