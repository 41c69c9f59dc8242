import { createGraphiQLFetcher } from "@graphiql/toolkit";
import { Kind, parse } from "graphql";

/**
 * GraphiQL reads the document 100 ms after the editor changes. If a user runs a new document at once, GraphiQL would
 * send the name of an old operation. So this takes the name from the document that is sent.
 */
export function currentFetcher(options) {
  const fetcher = createGraphiQLFetcher(options);
  return (request, about) => {
    const document = parsed(request.query);
    if (!document) return fetcher(request, about);
    return fetcher(current(request, document), { ...about, documentAST: document });
  };
}

function current(request, document) {
  const operations = document.definitions.filter(({ kind }) => kind === Kind.OPERATION_DEFINITION);
  const meant = operations.find(({ name }) => name?.value === request.operationName) ?? operations[0];
  return { ...request, operationName: meant?.name?.value };
}

function parsed(query) {
  try {
    return parse(query);
  } catch {
    return undefined; // The server reports what is wrong with it.
  }
}
