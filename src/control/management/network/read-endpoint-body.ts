// The body of a private endpoint, as far as it concerns an HSM.
import { list, matching, text } from '../../../formats/shape.ts';
import { members } from '../../../http/management-shape.ts';
import { readTags } from '../resources.ts';

const link = members({
  name: text,
  properties: members({ privateLinkServiceId: text, groupIds: list(text, 1) }, { requestMessage: text }),
});
export const readEndpointBody = members(
  {
    location: text,
    properties: members(
      { subnet: members({ id: matching(/^\/[^\p{Cc}?#]{1,1024}$/u, 'a resource id') }) },
      { privateLinkServiceConnections: list(link, 1), manualPrivateLinkServiceConnections: list(link, 1) },
    ),
  },
  {},
  { tags: readTags },
);
