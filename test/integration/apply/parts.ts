// Structs and maps of a custom resource, granular and in one piece.
import { thing } from './kinds.ts';
import { apply, at, conflicts, create, force, holds, merge, owned, spec, type Scenarios } from './script.ts';

const s = (fields: object) => ({ spec: fields });

export const structs: Scenarios = {
  'parts of a struct have owners of their own': [
    thing,
    apply('a', s({ part: { a: '1' } })),
    apply('b', s({ part: { b: '2' } })),
    spec({ part: { a: '1', b: '2' } }),
    owned({ a: ['spec.part.a'], b: ['spec.part.b'] }),
  ],
  'deep parts too': [
    thing,
    apply('a', s({ part: { deep: { x: '1' } } })),
    apply('b', s({ part: { deep: { y: '2' } } })),
    conflicts(apply('b', s({ part: { deep: { x: '2', y: '2' } } })), '"a"', '.spec.part.deep.x'),
    owned({ a: ['spec.part.deep.x'], b: ['spec.part.deep.y'] }),
  ],
  'an empty struct is owned as such': [thing, apply('a', s({ part: {} })), spec({ part: {} }), owned({ a: ['spec.part'] })],
  'an empty struct takes nothing from what is in it': [
    thing,
    apply('a', s({ part: { a: '1' } })),
    apply('b', s({ part: {} })),
    spec({ part: { a: '1' } }),
    owned({ a: ['spec.part.a'], b: ['spec.part'] }),
  ],
  'a struct that lost its last field goes, even where another claimed it empty': [
    thing,
    apply('a', s({ part: { a: '1' } })),
    apply('b', s({ part: {} })),
    apply('a', s({ text: '1' })),
    spec({ text: '1' }),
  ],
  'an atomic struct is one piece': [
    thing,
    apply('a', s({ fixed: { a: '1', b: '1' } })),
    owned({ a: ['spec.fixed'] }),
    conflicts(apply('b', s({ fixed: { a: '1' } })), '"a"', '.spec.fixed'),
  ],
  'an atomic struct is replaced as a whole': [
    thing,
    apply('a', s({ fixed: { a: '1', b: '1' } })),
    apply('a', s({ fixed: { b: '2' } })),
    spec({ fixed: { b: '2' } }),
  ],
  'an atomic struct is shared when equal': [
    thing,
    apply('a', s({ fixed: { a: '1' } })),
    apply('b', s({ fixed: { a: '1' } })),
    owned({ a: ['spec.fixed'], b: ['spec.fixed'] }),
    apply('a', s({ text: '1' })),
    spec({ text: '1', fixed: { a: '1' } }),
  ],
  'an update inside of an atomic struct takes all of it': [
    thing,
    apply('a', s({ fixed: { a: '1', b: '1' } })),
    merge('u', s({ fixed: { b: '2' } })),
    owned({ 'u!': ['spec.fixed'] }),
    spec({ fixed: { a: '1', b: '2' } }),
  ],
  'free-form objects are granular': [
    thing,
    apply('a', s({ free: { x: { y: 1 } } })),
    apply('b', s({ free: { x: { z: 2 } } })),
    spec({ free: { x: { y: 1, z: 2 } } }),
    conflicts(apply('b', s({ free: { x: { y: 3, z: 2 } } })), '"a"', '.spec.free.x.y'),
  ],
  'lists in free-form objects are one piece': [
    thing,
    apply('a', s({ free: { list: [1, 2] } })),
    conflicts(apply('b', s({ free: { list: [3] } })), '"a"', '.spec.free.list'),
    force('b', s({ free: { list: [3] } })),
    spec({ free: { list: [3] } }),
  ],
  'defaults are nobody’s when the owner leaves them out': [
    thing,
    apply('a', s({ filled: { given: 'g' } })),
    spec({ filled: { given: 'g', defaulted: 'd' } }),
    owned({ a: ['spec.filled.given'] }),
    apply('b', s({ filled: { defaulted: 'e' } })),
    owned({ a: ['spec.filled.given'], b: ['spec.filled.defaulted'] }),
  ],
  'a default comes back when the owner lets the field go': [
    thing,
    apply('a', s({ filled: { given: 'g' } })),
    apply('b', s({ filled: { defaulted: 'e' } })),
    apply('b', s({ text: '1' })),
    spec({ text: '1', filled: { given: 'g', defaulted: 'd' } }),
    owned({ a: ['spec.filled.given'], b: ['spec.text'] }),
  ],
  'who creates owns the defaults as well': [
    thing,
    create('u', s({ filled: { given: 'g' } })),
    owned({ 'u!': ['spec', 'spec.filled', 'spec.filled.defaulted', 'spec.filled.given'] }),
  ],
};

export const maps: Scenarios = {
  'entries of a map have owners of their own': [
    thing,
    apply('a', s({ map: { x: '1' } })),
    apply('b', s({ map: { y: '2' } })),
    spec({ map: { x: '1', y: '2' } }),
    owned({ a: ['spec.map.x'], b: ['spec.map.y'] }),
  ],
  'an entry that is let go is removed': [
    thing,
    apply('a', s({ map: { x: '1', y: '1' } })),
    apply('a', s({ map: { x: '1' } })),
    spec({ map: { x: '1' } }),
  ],
  'an entry with another value conflicts': [
    thing,
    apply('a', s({ map: { 'a.b/c': '1' } })),
    conflicts(apply('b', s({ map: { 'a.b/c': '2' } })), '"a"', '.spec.map.a.b/c'),
  ],
  'a map goes with its last entry': [
    thing,
    apply('a', s({ text: '1', map: { x: '1' } })),
    apply('a', s({ text: '1' })),
    spec({ text: '1' }),
  ],
  'others’ entries stay when a map is let go': [
    thing,
    apply('a', s({ text: '1', map: { x: '1' } })),
    merge('u', s({ map: { y: '2' } })),
    apply('a', s({ text: '1' })),
    spec({ text: '1', map: { y: '2' } }),
    owned({ a: ['spec.text'], 'u!': ['spec.map.y'] }),
  ],
  'a struct in a map is owned with its parts': [
    thing,
    apply('a', s({ maps: { k: { a: '1' } } })),
    apply('b', s({ maps: { k: { b: '1' } } })),
    owned({ a: ['spec.maps.k', 'spec.maps.k.a'], b: ['spec.maps.k', 'spec.maps.k.b'] }),
    apply('a', s({ text: '1' })),
    spec({ text: '1', maps: { k: { b: '1' } } }),
  ],
  'an empty struct in a map': [thing, apply('a', s({ maps: { k: {} } })), spec({ maps: { k: {} } }), owned({ a: ['spec.maps.k'] })],
  'an empty map is owned as such': [thing, apply('a', s({ map: {} })), spec({ map: {} }), owned({ a: ['spec.map'] })],
  'an atomic map is one piece': [
    thing,
    apply('a', s({ fixedMap: { x: '1' } })),
    owned({ a: ['spec.fixedMap'] }),
    conflicts(apply('b', s({ fixedMap: { y: '1' } })), '"a"', '.spec.fixedMap'),
    force('b', s({ fixedMap: { y: '1' } })),
    spec({ fixedMap: { y: '1' } }),
    owned({ b: ['spec.fixedMap'] }),
  ],
  'keys that objects have by nature are keys': [
    thing,
    apply('a', s({ map: JSON.parse('{"__proto__":"1","constructor":"2","toString":"3"}') as object })),
    owned({ a: ['spec.map.__proto__', 'spec.map.constructor', 'spec.map.toString'] }),
    apply('a', s({ map: { constructor: '2' } })),
    spec({ map: { constructor: '2' } }),
  ],
  'labels and annotations are maps': [
    thing,
    apply('a', s({ text: '1' }), { meta: { labels: { x: '1' }, annotations: { n: '1' } } }),
    apply('b', {}, { meta: { labels: { y: '2' } } }),
    owned({ a: ['metadata.annotations.n', 'metadata.labels.x', 'spec.text'], b: ['metadata.labels.y'] }),
    conflicts(apply('b', {}, { meta: { labels: { x: '2' } } }), '"a"', '.metadata.labels.x'),
    apply('a', s({ text: '1' })),
    at('metadata.labels', { y: '2' }),
    at('metadata.annotations', undefined),
  ],
  'owner references are told apart by uid': [
    thing,
    apply('a', {}, { meta: { ownerReferences: [{ apiVersion: 'v1', kind: 'Node', name: 'n', uid: 'u1' }] } }),
    merge('u', {
      metadata: {
        ownerReferences: [
          { apiVersion: 'v1', kind: 'Node', name: 'n', uid: 'u1' },
          { apiVersion: 'v1', kind: 'Node', name: 'm', uid: 'u2' },
        ],
      },
    }),
    owned({ a: ['metadata.ownerReferences[uid="u1"]'], 'u!': ['metadata.ownerReferences[uid="u2"]'] }),
    apply('a', s({ text: '1' })),
    at('metadata.ownerReferences', [{ apiVersion: 'v1', kind: 'Node', name: 'm', uid: 'u2' }]),
    holds({ spec: { text: '1' } }),
  ],
};
