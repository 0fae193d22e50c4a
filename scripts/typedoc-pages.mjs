// A plugin for typedoc, which writes docs/api. It makes the pages shorter.
import { Converter, ReflectionFlag, ReflectionKind } from 'typedoc';
import { MarkdownPageEvent } from 'typedoc-plugin-markdown';

/**
 * To users, an accessor without a setter is a read-only property.
 * @param {import('typedoc').DeclarationReflection} accessor
 */
function makeProperty(accessor) {
  const { getSignature } = accessor;
  accessor.kind = ReflectionKind.Property;
  accessor.type = getSignature.type;
  accessor.comment = getSignature.comment;
  accessor.setFlag(ReflectionFlag.Readonly, true);
  delete accessor.getSignature;
}

/** @param {import('typedoc-plugin-markdown').MarkdownApplication} app */
export function load(app) {
  app.converter.on(Converter.EVENT_RESOLVE_BEGIN, ({ project }) => {
    for (const accessor of project.getReflectionsByKind(ReflectionKind.Accessor)) {
      if (accessor.getSignature && !accessor.setSignature) makeProperty(accessor);
    }
  });
  app.renderer.on(MarkdownPageEvent.END, (page) => {
    page.contents = page.contents?.replace(/ +$/gm, '');
  });
}
