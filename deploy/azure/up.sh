#!/usr/bin/env bash
# Makes, or brings up to date, all that Veo Studio needs in Azure, and installs it there.
#
#   deploy/azure/up.sh             does it; run it again as often as you like
#   deploy/azure/up.sh --dry-run   prints the commands and runs none
#
# Needs az (logged in), kubectl and helm. NAME (letters and digits, 3 to 15, unique in Azure) and LOCATION are
# yours to choose; so is what goes into the secret: GEMINI_API_KEY, or nothing with a Google login (docs/operate.md).
#
# Tested without a subscription: az's own parser accepts every command, the manifests and the template hold
# together. What only a subscription can prove: that Azure takes the values (sizes, versions of its interfaces,
# names of roles), and the time it takes. Read a dry run before the first real one.
set -euo pipefail
cd "$(dirname "$0")/../.."

NAME=${NAME:-veostudio}
LOCATION=${LOCATION:-westeurope}
TAG=${TAG:-$(git rev-parse --short HEAD 2>/dev/null || echo latest)}
NODES=${NODES:-2}
MAIL=${MAIL:-}
BUDGET=${BUDGET:-50}
OVERLAY=deploy/kubernetes/overlays/aks
GROUP=$NAME
SPACE=veo-studio
DRY=
[ "${1:-}" = --dry-run ] && DRY=yes

run() { # Does it, or says what would be done.
  if [ -n "$DRY" ]; then
    printf '%q ' "$@"
    echo
  else
    "$@"
  fi
}

ask() { # The answer of a command; in a dry run a word in its place.
  if [ -n "$DRY" ]; then
    run "$@" >&2
    echo "ANSWER"
  else
    "$@" --output tsv
  fi
}

there() { # Whether something exists; in a dry run nothing does.
  [ -z "$DRY" ] && "$@" --output none 2>/dev/null
}

write() { # A file from standard input; in a dry run only its name.
  if [ -n "$DRY" ]; then
    cat >/dev/null
    echo "# writes $1"
  else
    cat >"$1"
  fi
}

# --- Group, image, network ---------------------------------------------------------------------------------

run az group create --name "$GROUP" --location "$LOCATION"
run az acr create --resource-group "$GROUP" --name "$NAME" --sku Basic
run az acr build --registry "$NAME" --image "veo-studio:$TAG" --build-arg EXTRAS=production .

there az network vnet show --resource-group "$GROUP" --name "$NAME" ||
  run az network vnet create --resource-group "$GROUP" --name "$NAME" --address-prefixes 10.10.0.0/16 \
    --subnet-name nodes --subnet-prefixes 10.10.0.0/20
run az network vnet subnet create --resource-group "$GROUP" --vnet-name "$NAME" --name gateway \
  --address-prefixes 10.10.16.0/24 --delegations Microsoft.ServiceNetworking/trafficControllers
NODES_SUBNET=$(ask az network vnet subnet show --resource-group "$GROUP" --vnet-name "$NAME" --name nodes --query id)
GATEWAY_SUBNET=$(ask az network vnet subnet show --resource-group "$GROUP" --vnet-name "$NAME" --name gateway --query id)

# --- The cluster: workload identity and KEDA are parts of it --------------------------------------------------

there az aks show --resource-group "$GROUP" --name "$NAME" ||
  run az aks create --resource-group "$GROUP" --name "$NAME" --node-count "$NODES" --zones 1 2 3 \
    --enable-cluster-autoscaler --min-count "$NODES" --max-count $((NODES * 3)) \
    --network-plugin azure --network-plugin-mode overlay --network-policy cilium --network-dataplane cilium \
    --vnet-subnet-id "$NODES_SUBNET" --enable-oidc-issuer --enable-workload-identity --enable-keda \
    --enable-managed-identity --attach-acr "$NAME" --generate-ssh-keys
ISSUER=$(ask az aks show --resource-group "$GROUP" --name "$NAME" --query oidcIssuerProfile.issuerUrl)
NODE_GROUP=$(ask az aks show --resource-group "$GROUP" --name "$NAME" --query nodeResourceGroup)
NODE_GROUP_ID=$(ask az group show --name "$NODE_GROUP" --query id)
run az aks get-credentials --resource-group "$GROUP" --name "$NAME" --overwrite-existing

# --- Storage: videos and the queue, without any key --------------------------------------------------------------

run az storage account create --resource-group "$GROUP" --name "$NAME" --sku Standard_ZRS --kind StorageV2 \
  --min-tls-version TLS1_2 --allow-blob-public-access false --allow-shared-key-access false
run az storage container-rm create --resource-group "$GROUP" --storage-account "$NAME" --name videos
run az storage account blob-service-properties update --resource-group "$GROUP" --account-name "$NAME" \
  --enable-delete-retention true --delete-retention-days 14
STORAGE=$(ask az storage account show --resource-group "$GROUP" --name "$NAME" --query id)

# --- Who the pods are, and what they may ---------------------------------------------------------------------------

grant() { # PRINCIPAL ROLE SCOPE
  run az role assignment create --assignee-object-id "$1" --assignee-principal-type ServicePrincipal --role "$2" --scope "$3"
}

identity() { # NAME SUBJECT: an identity that a service account of the cluster may take on
  run az identity create --resource-group "$GROUP" --name "$1"
  run az identity federated-credential create --resource-group "$GROUP" --identity-name "$1" --name "$1" \
    --issuer "$ISSUER" --subject "$2" --audiences api://AzureADTokenExchange
}

identity studio "system:serviceaccount:$SPACE:veo-studio"
CLIENT=$(ask az identity show --resource-group "$GROUP" --name studio --query clientId)
PRINCIPAL=$(ask az identity show --resource-group "$GROUP" --name studio --query principalId)
grant "$PRINCIPAL" "Storage Blob Data Contributor" "$STORAGE"
grant "$PRINCIPAL" "Storage Blob Delegator" "$STORAGE"
grant "$PRINCIPAL" "Storage Queue Data Contributor" "$STORAGE"
run az identity federated-credential create --resource-group "$GROUP" --identity-name studio --name keda \
  --issuer "$ISSUER" --subject system:serviceaccount:kube-system:keda-operator --audiences api://AzureADTokenExchange

identity gateway system:serviceaccount:azure-alb-system:alb-controller-sa
GATEWAY_CLIENT=$(ask az identity show --resource-group "$GROUP" --name gateway --query clientId)
GATEWAY=$(ask az identity show --resource-group "$GROUP" --name gateway --query principalId)
grant "$GATEWAY" Reader "$NODE_GROUP_ID"
grant "$GATEWAY" "AppGw for Containers Configuration Manager" "$NODE_GROUP_ID"
grant "$GATEWAY" "Network Contributor" "$GATEWAY_SUBNET"
run helm upgrade --install alb-controller oci://mcr.microsoft.com/application-lb/charts/alb-controller \
  --namespace azure-alb-system --create-namespace --set "albController.podIdentity.clientID=$GATEWAY_CLIENT"

# --- The database: its password is made once, and known to the secret alone ------------------------------------------

run kubectl apply -f "$OVERLAY/namespace.yaml"
if ! there az postgres flexible-server show --resource-group "$GROUP" --name "$NAME"; then
  PASSWORD=$(openssl rand -hex 24) SEAL=$(openssl rand -hex 32)
  [ -n "$DRY" ] && PASSWORD=PASSWORD SEAL=SEAL
  run az postgres flexible-server create --resource-group "$GROUP" --name "$NAME" --location "$LOCATION" \
    --version 17 --tier Burstable --sku-name Standard_B2s --storage-size 32 --backup-retention 14 \
    --admin-user studio --admin-password "$PASSWORD" --public-access 0.0.0.0 --yes
  run az postgres flexible-server db create --resource-group "$GROUP" --server-name "$NAME" --name studio
  run kubectl create secret generic veo-studio --namespace "$SPACE" \
    "--from-literal=DATABASE_URL=postgresql://studio:$PASSWORD@$NAME.postgres.database.azure.com:5432/studio?sslmode=require" \
    "--from-literal=SESSION_SECRET=$SEAL" \
    ${GEMINI_API_KEY:+"--from-literal=GEMINI_API_KEY=$GEMINI_API_KEY"}
fi

# --- Application Insights with its alerts and workbook, Front Door, and Redis where it is wanted -------------------------

run az deployment group create --resource-group "$GROUP" --name services --template-file deploy/azure/services.json \
  --parameters "name=$NAME" "location=$LOCATION" "mail=$MAIL" "dailyBudget=$BUDGET" "redis=${REDIS:-false}" \
  "origin=${ORIGIN:-}" "workbook=@deploy/azure/workbook.json"
output() { # The value of one output of the template
  ask az deployment group show --resource-group "$GROUP" --name services --query "properties.outputs.$1.value"
}

INSIGHTS=$(output insights)
if [ -n "${ORIGIN:-}" ]; then # visitors come by Front Door, and videos from its edge
  PUBLIC_URL=${PUBLIC_URL:-https://$(output page)}
  CDN_URL=${CDN_URL:-https://$(output media)}
fi

# --- The app: the new version's migration, then its pods --------------------------------------------------------------------

write "$OVERLAY/azure.env" <<ENV
AZURE_STORAGE_ACCOUNT_NAME=$NAME
AZURE_CLIENT_ID=$CLIENT
QUEUE_URL=azurestoragequeues://DefaultAzureCredential@https://$NAME.queue.core.windows.net
QUEUE_NAME=celery
IMAGE=$NAME.azurecr.io/veo-studio:$TAG
LOAD_BALANCER_SUBNET=$GATEWAY_SUBNET
PUBLIC_URL=${PUBLIC_URL:-}
CDN_URL=${CDN_URL:-}
APPLICATIONINSIGHTS_CONNECTION_STRING=$INSIGHTS
ENV
run kubectl delete job migrate --namespace "$SPACE" --ignore-not-found
run kubectl apply -k "$OVERLAY"
run kubectl wait --namespace "$SPACE" --for=condition=complete job/migrate --timeout=300s
run kubectl rollout status --namespace "$SPACE" deployment/web --timeout=300s
echo "# The page's host: kubectl get gateway veo-studio --namespace $SPACE -o jsonpath='{.status.addresses[0].value}'"
echo "# With ORIGIN set to it, the next run puts Front Door before it. PUBLIC_URL is the address that visitors type."
