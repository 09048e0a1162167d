-- What Argo CD takes the health of an AppEnvironment from; without it, AppEnvironments do not count.
-- It uses none of Lua's libraries: Argo CD opens hardly any. An object that is being deleted never
-- gets here: Argo CD calls it Progressing.
if obj.status == nil or obj.status.conditions == nil or
    obj.status.observedGeneration ~= obj.metadata.generation then
  return {status = "Progressing", message = "the operator has not looked at it yet"}
end

local conditions = {}
for _, condition in ipairs(obj.status.conditions) do
  conditions[condition.type] = condition
end

-- The first of these that the environment has is its health.
local verdicts = {
  {"Suspended", "True", "Suspended"},     -- somebody asked for it: mode Paused or Observe
  {"Stalled", "True", "Degraded"},        -- a human is needed
  {"Reconciling", "True", "Progressing"}, -- on its way, a certificate that takes an hour included
  {"Ready", "True", "Healthy"},
  {"Ready", "False", "Degraded"},         -- it worked, and works no longer
}
for _, verdict in ipairs(verdicts) do
  local condition = conditions[verdict[1]]
  if condition ~= nil and condition.status == verdict[2] then
    return {status = verdict[3], message = condition.message}
  end
end
return {status = "Progressing", message = "the operator has not said yet whether it is ready"}
