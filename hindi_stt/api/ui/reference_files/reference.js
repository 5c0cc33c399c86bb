// validatorUrl: Swagger UI would otherwise send the document's address to an outside validator.
SwaggerUIBundle({
  url: "docs.json",
  dom_id: "#reference",
  presets: [SwaggerUIBundle.presets.apis],
  validatorUrl: null,
  defaultModelsExpandDepth: 0,
  tryItOutEnabled: true,
});
