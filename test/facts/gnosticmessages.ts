// Messages of gnostic's openapi.v2 and openapi.v3, as far as documents of Kubernetes use them, and a decoder that turns
// them into JSON documents again. The decoder is a library's; nothing here knows how the documents are written.
import { create, createFileRegistry, type DescMessage, fromBinary, type FileRegistry } from '@bufbuild/protobuf';
import { reflect, type ReflectMessage } from '@bufbuild/protobuf/reflect';
import {
  FieldDescriptorProto_Label,
  FieldDescriptorProto_Type,
  FileDescriptorProtoSchema,
  FileDescriptorSetSchema,
} from '@bufbuild/protobuf/wkt';

// A message a line: `name number type`, with `*` for lists. `|` before a field: one of several.
const v2 = `
AdditionalPropertiesItem: |schema 1 Schema, |boolean 2 bool
Any: yaml 2 string
ApiKeySecurity: type 1 string, name 2 string, in 3 string, description 4 string
BodyParameter: description 1 string, name 2 string, in 3 string, required 4 bool, schema 5 Schema
Definitions: additional_properties 1 NamedSchema*
Document: swagger 1 string, info 2 Info, paths 8 Paths, definitions 9 Definitions, parameters 10 ParameterDefinitions, security 12 SecurityRequirement*, security_definitions 13 SecurityDefinitions
ExternalDocs: description 1 string, url 2 string
HeaderParameterSubSchema: required 1 bool, in 2 string, description 3 string, name 4 string, type 5 string, format 6 string, default 9 Any, maximum 10 double, minimum 12 double, pattern 16 string, unique_items 19 bool, enum 20 Any*, vendor_extension 22 NamedAny*
Info: title 1 string, version 2 string
ItemsItem: schema 1 Schema*
JsonReference: _ref 1 string, description 2 string
NamedAny: name 1 string, value 2 Any
NamedParameter: name 1 string, value 2 Parameter
NamedPathItem: name 1 string, value 2 PathItem
NamedResponseValue: name 1 string, value 2 ResponseValue
NamedSchema: name 1 string, value 2 Schema
NamedSecurityDefinitionsItem: name 1 string, value 2 SecurityDefinitionsItem
NamedStringArray: name 1 string, value 2 StringArray
NonBodyParameter: |header_parameter_sub_schema 1 HeaderParameterSubSchema, |query_parameter_sub_schema 3 QueryParameterSubSchema, |path_parameter_sub_schema 4 PathParameterSubSchema
Operation: tags 1 string*, summary 2 string, description 3 string, operation_id 5 string, produces 6 string*, consumes 7 string*, parameters 8 ParametersItem*, responses 9 Responses, schemes 10 string*, deprecated 11 bool, security 12 SecurityRequirement*, vendor_extension 13 NamedAny*
Parameter: |body_parameter 1 BodyParameter, |non_body_parameter 2 NonBodyParameter
ParameterDefinitions: additional_properties 1 NamedParameter*
ParametersItem: |parameter 1 Parameter, |json_reference 2 JsonReference
PathItem: _ref 1 string, get 2 Operation, put 3 Operation, post 4 Operation, delete 5 Operation, options 6 Operation, head 7 Operation, patch 8 Operation, parameters 9 ParametersItem*, vendor_extension 10 NamedAny*
PathParameterSubSchema: required 1 bool, in 2 string, description 3 string, name 4 string, type 5 string, format 6 string, default 9 Any, maximum 10 double, minimum 12 double, pattern 16 string, unique_items 19 bool, enum 20 Any*, vendor_extension 22 NamedAny*
Paths: vendor_extension 1 NamedAny*, path 2 NamedPathItem*
Properties: additional_properties 1 NamedSchema*
QueryParameterSubSchema: required 1 bool, in 2 string, description 3 string, name 4 string, allow_empty_value 5 bool, type 6 string, format 7 string, default 10 Any, maximum 11 double, minimum 13 double, pattern 17 string, unique_items 20 bool, enum 21 Any*, vendor_extension 23 NamedAny*
Response: description 1 string, schema 2 SchemaItem, vendor_extension 5 NamedAny*
ResponseValue: |response 1 Response, |json_reference 2 JsonReference
Responses: response_code 1 NamedResponseValue*, vendor_extension 2 NamedAny*
Schema: _ref 1 string, format 2 string, title 3 string, description 4 string, default 5 Any, multiple_of 6 double, maximum 7 double, exclusive_maximum 8 bool, minimum 9 double, exclusive_minimum 10 bool, max_length 11 int64, min_length 12 int64, pattern 13 string, max_items 14 int64, min_items 15 int64, unique_items 16 bool, max_properties 17 int64, min_properties 18 int64, required 19 string*, enum 20 Any*, additional_properties 21 AdditionalPropertiesItem, type 22 TypeItem, items 23 ItemsItem, all_of 24 Schema*, properties 25 Properties, discriminator 26 string, read_only 27 bool, external_docs 29 ExternalDocs, example 30 Any, vendor_extension 31 NamedAny*
SchemaItem: |schema 1 Schema
SecurityDefinitions: additional_properties 1 NamedSecurityDefinitionsItem*
SecurityDefinitionsItem: |api_key_security 2 ApiKeySecurity
SecurityRequirement: additional_properties 1 NamedStringArray*
StringArray: value 1 string*
TypeItem: value 1 string*
`;

const v3 = `
AdditionalPropertiesItem: |schema_or_reference 1 SchemaOrReference, |boolean 2 bool
Any: yaml 2 string
Components: schemas 1 SchemasOrReferences, security_schemes 7 SecuritySchemesOrReferences
DefaultType: |number 1 double, |boolean 2 bool, |string 3 string
Document: openapi 1 string, info 2 Info, paths 4 Paths, components 5 Components
ExternalDocs: description 1 string, url 2 string
Info: title 1 string, description 2 string, version 6 string
ItemsItem: schema_or_reference 1 SchemaOrReference*
MediaType: schema 1 SchemaOrReference
MediaTypes: additional_properties 1 NamedMediaType*
NamedAny: name 1 string, value 2 Any
NamedMediaType: name 1 string, value 2 MediaType
NamedPathItem: name 1 string, value 2 PathItem
NamedResponseOrReference: name 1 string, value 2 ResponseOrReference
NamedSchemaOrReference: name 1 string, value 2 SchemaOrReference
NamedSecuritySchemeOrReference: name 1 string, value 2 SecuritySchemeOrReference
Operation: tags 1 string*, summary 2 string, description 3 string, operation_id 5 string, parameters 6 ParameterOrReference*, request_body 7 RequestBodyOrReference, responses 8 Responses, deprecated 10 bool, specification_extension 13 NamedAny*
Parameter: name 1 string, in 2 string, description 3 string, required 4 bool, schema 10 SchemaOrReference
ParameterOrReference: |parameter 1 Parameter, |reference 2 Reference
PathItem: get 4 Operation, put 5 Operation, post 6 Operation, delete 7 Operation, options 8 Operation, head 9 Operation, patch 10 Operation, parameters 13 ParameterOrReference*
Paths: path 1 NamedPathItem*
Properties: additional_properties 1 NamedSchemaOrReference*
Reference: _ref 1 string
RequestBody: description 1 string, content 2 MediaTypes, required 3 bool
RequestBodyOrReference: |request_body 1 RequestBody, |reference 2 Reference
Response: description 1 string, content 3 MediaTypes
ResponseOrReference: |response 1 Response, |reference 2 Reference
Responses: response_or_reference 2 NamedResponseOrReference*
Schema: nullable 1 bool, read_only 3 bool, write_only 4 bool, external_docs 6 ExternalDocs, example 7 Any, deprecated 8 bool, title 9 string, multiple_of 10 double, maximum 11 double, exclusive_maximum 12 bool, minimum 13 double, exclusive_minimum 14 bool, max_length 15 int64, min_length 16 int64, pattern 17 string, max_items 18 int64, min_items 19 int64, unique_items 20 bool, max_properties 21 int64, min_properties 22 int64, required 23 string*, enum 24 Any*, type 25 string, all_of 26 SchemaOrReference*, one_of 27 SchemaOrReference*, any_of 28 SchemaOrReference*, not 29 Schema, items 30 ItemsItem, properties 31 Properties, additional_properties 32 AdditionalPropertiesItem, default 33 DefaultType, description 34 string, format 35 string, specification_extension 36 NamedAny*
SchemaOrReference: |schema 1 Schema, |reference 2 Reference
SchemasOrReferences: additional_properties 1 NamedSchemaOrReference*
SecurityScheme: type 1 string, description 2 string, name 3 string, in 4 string
SecuritySchemeOrReference: |security_scheme 1 SecurityScheme, |reference 2 Reference
SecuritySchemesOrReferences: additional_properties 1 NamedSecuritySchemeOrReference*
`;

const scalars: Readonly<Record<string, FieldDescriptorProto_Type>> = {
  string: FieldDescriptorProto_Type.STRING,
  bool: FieldDescriptorProto_Type.BOOL,
  double: FieldDescriptorProto_Type.DOUBLE,
  int64: FieldDescriptorProto_Type.INT64,
};

function fieldOf(pkg: string, text: string): object {
  const parts = /^(\|?)(\w+) (\d+) (\w+)(\*?)$/.exec(text.trim());
  if (!parts) throw new Error(`no field: ${text}`);
  const [, either, name = '', number, type = '', many] = parts;
  return {
    name,
    number: Number(number),
    label: many ? FieldDescriptorProto_Label.REPEATED : FieldDescriptorProto_Label.OPTIONAL,
    ...(scalars[type] ? { type: scalars[type] } : { type: FieldDescriptorProto_Type.MESSAGE, typeName: `.${pkg}.${type}` }),
    ...(either ? { oneofIndex: 0 } : {}),
  };
}

function registryOf(pkg: string, notation: string): FileRegistry {
  const messageType = notation
    .trim()
    .split('\n')
    .map((line) => {
      const [name = '', fields = ''] = line.split(': ');
      return {
        name,
        field: fields.split(', ').map((text) => fieldOf(pkg, text)),
        ...(fields.includes('|') ? { oneofDecl: [{ name: 'oneof' }] } : {}),
      };
    });
  const file = create(FileDescriptorProtoSchema, { name: `${pkg}.proto`, package: pkg, syntax: 'proto3', messageType });
  return createFileRegistry(create(FileDescriptorSetSchema, { file: [file] }));
}

const camel = (name: string): string => (name === '_ref' ? '$ref' : name.replaceAll(/_(\w)/g, (_, letter: string) => letter.toUpperCase()));

function membersOf(message: ReflectMessage): Record<string, unknown> {
  const out: Record<string, unknown> = {};
  for (const field of message.fields) {
    if (!message.isSet(field)) continue;
    if (field.fieldKind === 'list') {
      const list = Array.from(message.get(field) as Iterable<unknown>);
      if (field.message?.name.startsWith('Named')) {
        for (const entry of list as ReflectMessage[]) {
          const [name, value] = entry.fields;
          if (!name || !value) throw new Error(`${entry.desc.name} is no entry of a map`);
          out[entry.get(name) as string] = valueOf(entry.get(value));
        }
      } else out[camel(field.name)] = list.map(valueOf);
    } else out[camel(field.name)] = valueOf(message.get(field));
  }
  return out;
}

function valueOf(value: unknown): unknown {
  if (typeof value === 'bigint') return Number(value);
  if (typeof value !== 'object' || value === null) return value;
  const message = value as ReflectMessage;
  if (message.message.$unknown?.length) throw new Error(`${message.desc.name} has fields that nobody knows`);
  const members = membersOf(message);
  const { name, oneofs } = message.desc;
  if (name === 'Any') return JSON.parse(String(members['yaml']));
  if (name === 'StringArray') return members['value'] ?? [];
  if (name === 'TypeItem' || name === 'ItemsItem') return (Object.values(members)[0] as unknown[])[0];
  // Of several: it stands for what it holds. Of defaults, lists and objects leave nothing but the field.
  return oneofs.length === 1 ? (Object.values(members)[0] ?? {}) : members;
}

/** Decodes a document of `openapi.v2` or `openapi.v3`. */
export function decodeDocument(version: 'v2' | 'v3', bytes: Uint8Array): unknown {
  const pkg = `openapi.${version}`;
  const desc = registryOf(pkg, version === 'v2' ? v2 : v3).getMessage(`${pkg}.Document`) as DescMessage;
  return valueOf(reflect(desc, fromBinary(desc, bytes)));
}
