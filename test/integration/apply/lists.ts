// Lists of a custom resource: told apart by keys, sets, and in one piece.
import { thing } from './kinds.ts';
import { apply, conflicts, create, force, json, merge, owned, refused, same, type Scenarios, spec } from './script.ts';

const s = (fields: object) => ({ spec: fields });
const items = (...list: object[]) => s({ items: list });
const ports = (...list: object[]) => s({ ports: list });
const set = (...list: string[]) => s({ set: list });
/** The paths of an item of `items` and its fields. */
const item = (name: string, ...fields: string[]) => [
  `spec.items[name="${name}"]`,
  ...['name', ...fields].map((field) => `spec.items[name="${name}"].${field}`),
];
const portPath = (port: number, protocol: string) => `spec.ports[port=${port},protocol="${protocol}"]`;
const portOf = (port: number, protocol: string, ...fields: string[]) => [
  portPath(port, protocol),
  ...fields.map((field) => `${portPath(port, protocol)}.${field}`),
];
const unfit = (problem: string) => `failed to create typed patch object (default/NAME; apply.example.com/v1, Kind=Thing): ${problem}`;

export const keyedLists: Scenarios = {
  'an item is owned with its key and its fields': [thing, apply('a', items({ name: 'x', value: '1' })), owned({ a: item('x', 'value') })],
  'items of two managers stand side by side': [
    thing,
    apply('a', items({ name: 'x', value: '1' })),
    apply('b', items({ name: 'y', value: '2' })),
    spec({
      items: [
        { name: 'x', value: '1' },
        { name: 'y', value: '2' },
      ],
    }),
    owned({ a: item('x', 'value'), b: item('y', 'value') }),
  ],
  'fields of one item may have two owners': [
    thing,
    apply('a', items({ name: 'x', value: '1' })),
    apply('b', items({ name: 'x', count: 2 })),
    spec({ items: [{ name: 'x', value: '1', count: 2 }] }),
    owned({ a: item('x', 'value'), b: item('x', 'count') }),
  ],
  'a field of an item conflicts by its path': [
    thing,
    apply('a', items({ name: 'x', value: '1' })),
    conflicts(apply('b', items({ name: 'x', value: '2' })), '"a"', '.spec.items[name="x"].value'),
  ],
  'an item that is let go is removed': [
    thing,
    apply('a', items({ name: 'x' }, { name: 'y' })),
    apply('a', items({ name: 'y' })),
    spec({ items: [{ name: 'y' }] }),
  ],
  'an item that another claims stays, without the fields that are let go': [
    thing,
    apply('a', items({ name: 'x', value: '1' }, { name: 'y' })),
    apply('b', items({ name: 'x', count: 2 })),
    apply('a', items({ name: 'y' })),
    spec({ items: [{ name: 'x', count: 2 }, { name: 'y' }] }),
    owned({ a: item('y'), b: item('x', 'count') }),
  ],
  'an item goes with what nobody owns in it': [
    thing,
    apply('a', ports({ port: 80 }, { port: 81 })),
    apply('a', ports({ port: 81 })),
    spec({ ports: [{ port: 81, protocol: 'TCP' }] }),
  ],
  'an item goes with a field that an updater has set in it': [
    thing,
    apply('a', items({ name: 'x', value: '1' }, { name: 'y' })),
    json('u', [{ op: 'add', path: '/spec/items/0/count', value: 3 }]),
    owned({ a: [...item('x', 'value'), ...item('y')], 'u!': ['spec.items[name="x"].count'] }),
    apply('a', items({ name: 'y' })),
    spec({ items: [{ name: 'y' }] }),
    owned({ a: item('y') }),
  ],
  'the list goes with its last item': [
    thing,
    apply('a', { spec: { text: '1', items: [{ name: 'x' }] } }),
    apply('a', s({ text: '1' })),
    spec({ text: '1' }),
  ],
  'the order of the applier holds': [
    thing,
    apply('a', items({ name: 'x' }, { name: 'y' }, { name: 'z' })),
    apply('a', items({ name: 'z' }, { name: 'x' }, { name: 'y' })),
    spec({ items: [{ name: 'z' }, { name: 'x' }, { name: 'y' }] }),
  ],
  'an order alone changes no owner': [
    thing,
    apply('a', items({ name: 'x' }, { name: 'y' })),
    apply('b', items({ name: 'y' }, { name: 'x' })),
    spec({ items: [{ name: 'y' }, { name: 'x' }] }),
    owned({ a: [...item('x'), ...item('y')], b: [...item('x'), ...item('y')] }),
  ],
  'a new item comes where the applier puts it': [
    thing,
    apply('a', items({ name: 'x' }, { name: 'z' })),
    apply('a', items({ name: 'x' }, { name: 'y' }, { name: 'z' })),
    spec({ items: [{ name: 'x' }, { name: 'y' }, { name: 'z' }] }),
  ],
  'others’ items keep their place': [
    thing,
    create('u', items({ name: 'p' }, { name: 'q' }, { name: 'r' })),
    apply('a', items({ name: 'r' }, { name: 'p' })),
    spec({ items: [{ name: 'q' }, { name: 'r' }, { name: 'p' }] }),
  ],
  'an item without its key is refused': [
    thing,
    refused(
      apply('a', items({ value: '1' })),
      400,
      unfit(
        '.spec.items: element 0: associative list with keys has an element that omits all key fields ["name"] (and doesn\'t have default values for any key fields)',
      ),
    ),
  ],
  'the same key twice is refused': [
    thing,
    refused(apply('a', items({ name: 'x' }, { name: 'x' })), 400, unfit('.spec.items: duplicate entries for key [name="x"]')),
  ],
  'something else than an item is refused': [
    thing,
    refused(
      apply('a', s({ items: ['x'] })),
      400,
      unfit('.spec.items: element 0: associative list with keys may not have non-map elements'),
    ),
  ],
  'a default stands for an absent key': [
    thing,
    apply('a', ports({ port: 80, name: 'x' })),
    spec({ ports: [{ port: 80, protocol: 'TCP', name: 'x' }] }),
    owned({ a: portOf(80, 'TCP', 'name', 'port') }),
  ],
  'who says the default owns it': [
    thing,
    apply('a', ports({ port: 80 })),
    apply('b', ports({ port: 80, protocol: 'TCP', target: 8080 })),
    spec({ ports: [{ port: 80, protocol: 'TCP', target: 8080 }] }),
    owned({ a: portOf(80, 'TCP', 'port'), b: portOf(80, 'TCP', 'port', 'protocol', 'target') }),
  ],
  'the same port of two protocols is two items': [
    thing,
    apply('a', ports({ port: 53 }, { port: 53, protocol: 'UDP' })),
    owned({ a: [...portOf(53, 'TCP', 'port'), ...portOf(53, 'UDP', 'port', 'protocol')] }),
    apply('a', ports({ port: 53, protocol: 'UDP' })),
    spec({ ports: [{ port: 53, protocol: 'UDP' }] }),
  ],
  'a default and the same value are one key twice': [
    thing,
    refused(
      apply('a', ports({ port: 80 }, { port: 80, protocol: 'TCP' })),
      400,
      unfit('.spec.ports: duplicate entries for key [port=80,protocol="TCP"]'),
    ),
  ],
  'a field under two keys conflicts by both': [
    thing,
    apply('a', ports({ port: 80, name: 'x' })),
    conflicts(apply('b', ports({ port: 80, name: 'y' })), '"a"', '.spec.ports[port=80,protocol="TCP"].name'),
  ],
  'an update of one item takes its field': [
    thing,
    apply('a', items({ name: 'x', value: '1' }, { name: 'y', value: '1' })),
    json('u', [{ op: 'replace', path: '/spec/items/1/value', value: '2' }]),
    owned({ a: [...item('x', 'value'), ...item('y')], 'u!': ['spec.items[name="y"].value'] }),
  ],
  'an update that adds an item owns it': [
    thing,
    apply('a', items({ name: 'x' })),
    json('u', [{ op: 'add', path: '/spec/items/0', value: { name: 'w' } }]),
    owned({ a: item('x'), 'u!': item('w') }),
    apply('a', items({ name: 'x' })),
    spec({ items: [{ name: 'w' }, { name: 'x' }] }),
  ],
  'an update that removes an item leaves nobody with it': [
    thing,
    apply('a', items({ name: 'x', value: '1' }, { name: 'y' })),
    json('u', [{ op: 'remove', path: '/spec/items/0' }]),
    owned({ a: item('y') }),
  ],
  'who applied what was removed gets it back by applying again': [
    thing,
    apply('a', items({ name: 'x' }, { name: 'y' })),
    json('u', [{ op: 'remove', path: '/spec/items/0' }]),
    apply('a', items({ name: 'x' }, { name: 'y' })),
    spec({ items: [{ name: 'x' }, { name: 'y' }] }),
    owned({ a: [...item('x'), ...item('y')] }),
  ],
  'creation owns the list, its items and their fields': [
    thing,
    create('u', items({ name: 'x', value: '1' })),
    owned({ 'u!': ['spec', 'spec.items', ...item('x', 'value')] }),
  ],
};

export const nested: Scenarios = {
  'a set in an item': [
    thing,
    apply('a', items({ name: 'x', tags: ['p'] })),
    apply('b', items({ name: 'x', tags: ['q'] })),
    spec({ items: [{ name: 'x', tags: ['p', 'q'] }] }),
    owned({ a: item('x', 'tags[="p"]'), b: item('x', 'tags[="q"]') }),
    apply('a', items({ name: 'x' })),
    spec({ items: [{ name: 'x', tags: ['q'] }] }),
  ],
  'a list in one piece in an item': [
    thing,
    apply('a', items({ name: 'x', args: ['1', '2'] })),
    conflicts(apply('b', items({ name: 'x', args: ['1'] })), '"a"', '.spec.items[name="x"].args'),
    apply('a', items({ name: 'x', args: ['1'] })),
    spec({ items: [{ name: 'x', args: ['1'] }] }),
  ],
  'a map in an item': [
    thing,
    apply('a', items({ name: 'x', opts: { p: '1' } })),
    apply('b', items({ name: 'x', opts: { q: '1' } })),
    owned({ a: item('x', 'opts.p'), b: item('x', 'opts.q') }),
    apply('a', items({ name: 'x' })),
    spec({ items: [{ name: 'x', opts: { q: '1' } }] }),
  ],
  'an atomic struct in an item': [
    thing,
    apply('a', items({ name: 'x', at: { x: 1, y: 1 } })),
    conflicts(apply('b', items({ name: 'x', at: { x: 2 } })), '"a"', '.spec.items[name="x"].at'),
    force('b', items({ name: 'x', at: { x: 2 } })),
    spec({ items: [{ name: 'x', at: { x: 2 } }] }),
    owned({ a: item('x'), b: item('x', 'at') }),
  ],
  'items in an item': [
    thing,
    apply('a', items({ name: 'x', subs: [{ id: 1, note: 'a' }] })),
    apply('b', items({ name: 'x', subs: [{ id: 2, note: 'b' }] })),
    spec({
      items: [
        {
          name: 'x',
          subs: [
            { id: 1, note: 'a' },
            { id: 2, note: 'b' },
          ],
        },
      ],
    }),
    owned({
      a: item('x', 'subs[id=1]', 'subs[id=1].id', 'subs[id=1].note'),
      b: item('x', 'subs[id=2]', 'subs[id=2].id', 'subs[id=2].note'),
    }),
    conflicts(apply('b', items({ name: 'x', subs: [{ id: 1, note: 'b' }] })), '"a"', '.spec.items[name="x"].subs[id=1].note'),
  ],
  'an inner item that is let go is removed, the outer one stays': [
    thing,
    apply('a', items({ name: 'x', subs: [{ id: 1 }, { id: 2 }] })),
    apply('a', items({ name: 'x', subs: [{ id: 2 }] })),
    spec({ items: [{ name: 'x', subs: [{ id: 2 }] }] }),
  ],
  'an inner list goes with its last item': [
    thing,
    apply('a', items({ name: 'x', subs: [{ id: 1 }] })),
    apply('a', items({ name: 'x' })),
    spec({ items: [{ name: 'x' }] }),
  ],
  'an inner item of another keeps the outer one alive': [
    thing,
    apply('a', items({ name: 'x', value: '1', subs: [{ id: 1 }] })),
    apply('b', items({ name: 'x', subs: [{ id: 2 }] })),
    apply('a', s({ text: '1' })),
    spec({ text: '1', items: [{ name: 'x', subs: [{ id: 2 }] }] }),
  ],
  'errors name the place in the depth': [
    thing,
    refused(
      apply('a', items({ name: 'x', subs: [{ note: 'a' }] })),
      400,
      unfit(
        '.spec.items[name="x"].subs: element 0: associative list with keys has an element that omits all key fields ["id"] (and doesn\'t have default values for any key fields)',
      ),
    ),
  ],
  'several errors are listed': [
    thing,
    refused(
      apply('a', items({ name: 'x', wrong: 1 }, { name: 'y', value: 5 })),
      400,
      unfit(
        'errors:\n  .spec.items[name="x"].wrong: field not declared in schema\n  .spec.items[name="y"].value: expected string, got &value.valueUnstructured{Value:5}',
      ),
    ),
  ],
};

export const sets: Scenarios = {
  'members have owners of their own': [
    thing,
    apply('a', set('x', 'y')),
    apply('b', set('y', 'z')),
    spec({ set: ['x', 'y', 'z'] }),
    owned({ a: ['spec.set[="x"]', 'spec.set[="y"]'], b: ['spec.set[="y"]', 'spec.set[="z"]'] }),
  ],
  'a member that is let go is removed': [thing, apply('a', set('x', 'y')), apply('a', set('y')), spec({ set: ['y'] })],
  'a member that another claims stays': [
    thing,
    apply('a', set('x', 'y')),
    apply('b', set('x')),
    apply('a', set('y')),
    spec({ set: ['x', 'y'] }),
    owned({ a: ['spec.set[="y"]'], b: ['spec.set[="x"]'] }),
  ],
  'members never conflict': [thing, apply('a', set('x')), apply('b', set('y')), same(apply('b', set('y'))), spec({ set: ['x', 'y'] })],
  'the same member twice is refused': [
    thing,
    refused(apply('a', set('x', 'x')), 400, unfit('.spec.set: duplicate entries for key [="x"]')),
  ],
  'a member of another type is refused': [
    thing,
    refused(apply('a', s({ set: [1] })), 400, unfit('.spec.set[=1]: expected string, got &value.valueUnstructured{Value:1}')),
  ],
  'numbers are members too': [
    thing,
    apply('a', s({ counts: [1, 2] })),
    apply('b', s({ counts: [2, 3] })),
    apply('a', s({ counts: [1] })),
    spec({ counts: [1, 2, 3] }),
    owned({ a: ['spec.counts[=1]'], b: ['spec.counts[=2]', 'spec.counts[=3]'] }),
  ],
  'an update that adds a member owns it': [
    thing,
    apply('a', set('x')),
    merge('u', set('x', 'y')),
    owned({ a: ['spec.set[="x"]'], 'u!': ['spec.set[="y"]'] }),
  ],
  'an update that removes a member leaves nobody with it': [
    thing,
    apply('a', set('x', 'y')),
    merge('u', set('y')),
    owned({ a: ['spec.set[="y"]'] }),
  ],
  'the applier’s order holds': [thing, apply('a', set('x', 'y', 'z')), apply('a', set('z', 'y', 'x')), spec({ set: ['z', 'y', 'x'] })],
  'the set goes with its last member': [thing, apply('a', s({ text: '1', set: ['x'] })), apply('a', s({ text: '1' })), spec({ text: '1' })],
  'finalizers are a set': [
    thing,
    apply('a', {}, { meta: { finalizers: ['x.io/a'] } }),
    apply('b', {}, { meta: { finalizers: ['x.io/b'] } }),
    owned({ a: ['metadata.finalizers[="x.io/a"]'], b: ['metadata.finalizers[="x.io/b"]'] }),
    apply('a', s({ text: '1' })),
    owned({ a: ['spec.text'], b: ['metadata.finalizers[="x.io/b"]'] }),
  ],
};

export const atomicLists: Scenarios = {
  'a list without a type is one piece': [
    thing,
    apply('a', s({ list: ['x', 'y'] })),
    owned({ a: ['spec.list'] }),
    conflicts(apply('b', s({ list: ['z'] })), '"a"', '.spec.list'),
    force('b', s({ list: ['z'] })),
    spec({ list: ['z'] }),
  ],
  'an order alone is a change': [
    thing,
    apply('a', s({ list: ['x', 'y'] })),
    conflicts(apply('b', s({ list: ['y', 'x'] })), '"a"', '.spec.list'),
  ],
  'equal lists are shared': [
    thing,
    apply('a', s({ list: ['x'] })),
    apply('b', s({ list: ['x'] })),
    owned({ a: ['spec.list'], b: ['spec.list'] }),
  ],
  'the same member may stand twice': [thing, apply('a', s({ list: ['x', 'x'] })), spec({ list: ['x', 'x'] })],
  'an empty list is owned': [thing, apply('a', s({ list: [] })), spec({ list: [] }), owned({ a: ['spec.list'] })],
  'objects in it have no owners': [
    thing,
    apply('a', s({ objects: [{ a: '1', b: '1' }] })),
    owned({ a: ['spec.objects'] }),
    conflicts(apply('b', s({ objects: [{ a: '1' }] })), '"a"', '.spec.objects'),
  ],
  'it is replaced as a whole': [
    thing,
    apply('a', s({ objects: [{ a: '1', b: '1' }, { a: '2' }] })),
    apply('a', s({ objects: [{ a: '1' }] })),
    spec({ objects: [{ a: '1' }] }),
  ],
  'an update of one member takes the list': [
    thing,
    apply('a', s({ list: ['x', 'y'] })),
    json('u', [{ op: 'replace', path: '/spec/list/0', value: 'w' }]),
    owned({ 'u!': ['spec.list'] }),
    spec({ list: ['w', 'y'] }),
  ],
  'it goes when let go': [thing, apply('a', s({ text: '1', list: ['x'] })), apply('a', s({ text: '1' })), spec({ text: '1' })],
  'errors inside name the index': [
    thing,
    refused(apply('a', s({ list: ['x', 5] })), 400, unfit('.spec.list[1]: expected string, got &value.valueUnstructured{Value:5}')),
  ],
  'a text is no list': [thing, refused(apply('a', s({ list: 'x' })), 400, unfit('.spec.list: expected list, got &{x}'))],
  'a list is no struct': [thing, refused(apply('a', s({ part: ['x'] })), 400, unfit('.spec.part: expected map, got &{[x]}'))],
};
