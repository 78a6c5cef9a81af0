// The registered methods (RFC 9110 §16.1.1). A route for every method answers these; any other must be asked for by name,
// and is 501 where it is not (RFC 9110 §9.1).
const REGISTERED = new Set(
  (
    'ACL BASELINE-CONTROL BIND CHECKIN CHECKOUT CONNECT COPY DELETE GET HEAD LABEL LINK LOCK MERGE MKACTIVITY ' +
    'MKCALENDAR MKCOL MKREDIRECTREF MKWORKSPACE MOVE OPTIONS ORDERPATCH PATCH POST PROPFIND PROPPATCH PUT QUERY REBIND ' +
    'REPORT SEARCH TRACE UNBIND UNCHECKOUT UNLINK UNLOCK UPDATE UPDATEREDIRECTREF VERSION-CONTROL'
  ).split(' '),
)

/** Whether a method is one that HTTP knows, whatever a server does with it. */
export function isRegisteredMethod(method: string): boolean {
  return REGISTERED.has(method)
}

/** The longest method that the native side takes. */
export const MOST_METHOD_CHARACTERS = 32
