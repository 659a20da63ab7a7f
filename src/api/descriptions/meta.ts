import { type Entry, words } from './words.ts';

export const metaWords: readonly Entry[] = [
  words('meta.v1.ObjectMeta', 'What every stored object has: its name, labels, owners and history.', {
    annotations: 'Free-form notes of tools and people. They select nothing and may be large (256 KiB in total).',
    creationTimestamp: 'CreationTimestamp is a timestamp: when the server created the object. Set by the server.',
    deletionGracePeriodSeconds: 'Seconds that the object gets for an orderly end once its deletion was asked for. Set by the server.',
    deletionTimestamp: 'Time after which the object may be removed; present means that it is being deleted. Set by the server.',
    finalizers: 'Names of those who must do something before the object may disappear. It stays until the list is empty.',
    generateName: 'Prefix of a name that the server completes with random characters. Used only when name is empty.',
    generation: 'Counts the changes of the desired state. Set by the server.',
    labels: 'Key-value pairs by which objects are grouped and selected.',
    managedFields: 'Which manager has set which fields, for server-side apply. Kept by the server.',
    name: 'Name of the object: unique among objects of its kind in its namespace, and fixed once created.',
    namespace: 'Namespace in which the name is unique. Empty for kinds that live in no namespace.',
    ownerReferences: 'Objects that this one depends on. When all of them are gone it is deleted, too.',
    resourceVersion: 'Version of the stored object. Opaque: send it back to detect that somebody else has changed the object.',
    selfLink: 'No longer filled in.',
    uid: 'Identifies the object for ever, even after another one takes its name. Set by the server.',
  }),
  words('meta.v1.ListMeta', 'What every list has.', {
    continue: 'Token for the next page; empty on the last one.',
    remainingItemCount: 'How many objects come after this page, where that is known.',
    resourceVersion: 'Version of the collection that the list shows; a watch may start from it.',
    selfLink: 'No longer filled in.',
  }),
  words('meta.v1.OwnerReference', 'Another object of the same namespace (or of none) that owns this one.', {
    apiVersion: 'API version of the owner.',
    blockOwnerDeletion: 'A foreground deletion of the owner waits for this object.',
    controller: 'This owner is the controller that manages the object; there is at most one.',
    kind: 'Kind of the owner.',
    name: 'Name of the owner.',
    uid: 'UID of the owner.',
  }),
  words('meta.v1.LabelSelector', 'Selects objects by labels. All requirements must hold; an empty selector selects everything.', {
    matchExpressions: 'Requirements on single keys.',
    matchLabels: 'Labels that an object must have with just these values.',
  }),
  words('meta.v1.LabelSelectorRequirement', 'A requirement on one label key.', {
    key: 'The label key.',
    operator: 'In, NotIn, Exists or DoesNotExist.',
    values: 'Values for In and NotIn; must be empty for the others.',
  }),
  words('meta.v1.Condition', 'One aspect of the state of an object.', {
    lastTransitionTime: 'When status changed last.',
    message: 'Details for people.',
    observedGeneration: 'The metadata.generation that the condition is based on.',
    reason: 'Why, in one CamelCase word.',
    status: 'True, False or Unknown.',
    type: 'Name of the aspect.',
  }),
];
