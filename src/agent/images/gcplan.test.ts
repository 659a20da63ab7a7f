import assert from 'node:assert/strict';
import { test } from 'node:test';
import { bytesToFree, imageGcDefaults, imagesToRemove, noteImages } from './gcplan.ts';

const image = (id: string, size: number, pinned = false) => ({ id, size, pinned, repoTags: [`${id}:1`], repoDigests: [], username: '' });
const images = [image('old', 10), image('older', 20), image('used', 30), image('kept', 40, true), image('new', 50)];

test('the disk: nothing below the high mark, then down to the low one', () => {
  assert.equal(bytesToFree({ capacity: 1000, available: 151 }, imageGcDefaults), 0);
  assert.equal(bytesToFree({ capacity: 1000, available: 150 }, imageGcDefaults), 50);
  assert.equal(bytesToFree({ capacity: 0, available: 0 }, imageGcDefaults), 0);
});

test('images: used for the last time long ago first; not those in use, pinned or new', () => {
  let records = noteImages(new Map(), images.slice(0, 4), { inUse: new Set(['old']), now: 0 });
  records = noteImages(records, images.slice(0, 4), { inUse: new Set(['old', 'used']), now: 100 });
  records = noteImages(records, images, { inUse: new Set(['used']), now: 1000 });
  const remove = (bytes: number): string[] =>
    imagesToRemove(images, records, { inUse: new Set(['used']), now: 1000, bytes, minimumAge: 500 }).map(({ id }) => id);
  assert.deepEqual(remove(1), ['older']);
  assert.deepEqual(remove(21), ['older', 'old']);
  assert.deepEqual(remove(1e9), ['older', 'old']);
  // Not used for more than so long: also when the disk is empty, but for those that are too new.
  const aged = (maximumAge: number, minimumAge = 500): string[] =>
    imagesToRemove(images, records, { inUse: new Set(['used']), now: 1000, bytes: 0, minimumAge, maximumAge }).map(({ id }) => id);
  assert.deepEqual(aged(1000), []);
  assert.deepEqual(aged(999), ['older']);
  assert.deepEqual(aged(899), ['older', 'old']);
  assert.deepEqual(aged(899, 1001), []);
  assert.equal(noteImages(records, [], { inUse: new Set(), now: 2000 }).size, 0);
});
