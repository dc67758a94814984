// The page of /api/docs/: a script of its own, as the edge's policy allows no other.
const place = document.getElementById("api");
SwaggerUIBundle({
  url: place.dataset.schema,
  domNode: place,
  deepLinking: true,
  displayRequestDuration: true,
  // Would send the schema to a server elsewhere.
  validatorUrl: null,
});
