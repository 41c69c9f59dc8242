// The rules that schema.graphql is held to: all that the plugin has for schemas, and ours.
import graphql from "@graphql-eslint/eslint-plugin";

const plugin = (name) => `@graphql-eslint/${name}`;

/** A rule of the plugin that has no exceptions, with some. */
function except(name, isException) {
  const rule = graphql.rules[name];
  const create = (context) =>
    rule.create(Object.create(context, { report: { value: (found) => isException(found.node) || context.report(found) } }));
  return { ...rule, create };
}

const ours = {
  rules: {
    // "username" is a word, and not the name of a user.
    "no-typename-prefix": except("no-typename-prefix", (node) => node.value === "username"),
  },
};

const off = {
  // Fields stand by what they mean: id first, figures together.
  [plugin("alphabetize")]: "off",
  // One id, or one list, is an argument of its own name; what has several parts is an `input`, below.
  [plugin("input-name")]: "off",
  // Mutations are there.
  [plugin("no-root-type")]: "off",
  // Ours below: `@deprecated` has no argument for a date, so that it stands in the reason.
  [plugin("require-deprecation-date")]: "off",
  // A payload has what was changed, and leads from there to what the change touches.
  [plugin("require-field-of-type-query-in-mutation-result")]: "off",
  // Mutations may be null; connections and limits fail by the caller's arguments alone.
  [plugin("require-nullable-result-in-root")]: "off",
};

const strict = {
  [plugin("no-typename-prefix")]: "off",
  "viewgraph/no-typename-prefix": "error",
  [plugin("require-description")]: [
    "error",
    { types: true, DirectiveDefinition: true, EnumValueDefinition: true, FieldDefinition: true, InputValueDefinition: true },
  ],
  // What grows without an end is a connection; other lists are a few, or as long as was asked for. A member is no node: its user
  // and its organization are.
  [plugin("relay-edge-types")]: ["error", { listTypeCanWrapOnlyEdgeType: false, shouldImplementNode: false }],
  [plugin("relay-arguments")]: ["error", { includeBoth: true }],
  [plugin("strict-id-in-types")]: [
    "error",
    {
      exceptions: {
        // Around an object that has one.
        suffixes: ["Connection", "Edge", "Payload"],
        // Figures of a moment, and parts of the object on which they stand.
        types: [
          "ActionPoint", "ActionSeries", "AssetFormat", "AssetMetrics", "AuditChange", "AuditEntry", "DomainAlias", "EngagementMetrics",
          "ExperienceCounts",
          "InsightScoreParts", "Limits", "LinkedIdentity", "Member", "PageInfo", "RankedAsset", "RateLimit", "ResolvedRange", "SharedFigure",
          "SocialMetrics",
          "SummaryReport", "TakenBack", "UniqueVisitors", "ViewPoint", "ViewSeries", "Work",
        ],
      },
    },
  ],
  "no-restricted-syntax": [
    "error",
    {
      selector: "Directive[name.value=deprecated] > Argument[name.value=reason] > StringValue:not([value=/ Removed on \\d{4}-\\d\\d-\\d\\d or later\\.$/])",
      message: "A deprecation ends with the day of its removal: `Removed on 2027-03-01 or later.`",
    },
    {
      selector: "ObjectTypeDefinition[name.value=Mutation] > FieldDefinition > InputValueDefinition[name.value!=input] NamedType > Name[value=/Input$/][value!=EventInput]",
      message: "What has several parts is the argument `input`.",
    },
    {
      selector: "ObjectTypeDefinition[name.value=Mutation] > FieldDefinition > NamedType > Name:not([value=/Payload$/])",
      message: "A mutation answers with a payload.",
    },
    {
      selector: "ObjectTypeDefinition[name.value=Mutation] > FieldDefinition > NonNullType",
      message: "A mutation may be null, so that one that fails keeps the answers beside it.",
    },
    {
      selector: "FieldDefinition[directives.length>0]:has(> Directive[name.value=auth]) > NonNullType",
      message: "A field that is protected may be null, so that who is denied it keeps the fields beside it.",
    },
  ],
};

export default [
  {
    files: ["**/*.graphql"],
    plugins: { "@graphql-eslint": graphql, viewgraph: ours },
    languageOptions: {
      parser: graphql.parser,
      parserOptions: { graphQLConfig: { schema: "schema.graphql" } },
    },
    linterOptions: { reportUnusedDisableDirectives: "error" },
    rules: {
      ...graphql.configs["flat/schema-all"].rules,
      ...graphql.configs["flat/schema-relay"].rules,
      ...off,
      ...strict,
    },
  },
];
