// Made by graphql-codegen from the .graphql files beside the components, and from schema.graphql.
export * from "./gql/graphql";
export { type FragmentType, read } from "./gql/fragment-masking";
