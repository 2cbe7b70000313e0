# The commands of the lab, as they are written there: https://killercoda.com/chadmcrowell/course/kubeskills-daily/day-030
# Each block begins with a line `#> <step>`, or `#> <step> <which>` where a step has several.

#> 1
cat <<EOF | kubectl apply -f -
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata:
  name: webapps.apps.example.com
spec:
  group: apps.example.com
  names:
    kind: WebApp
    plural: webapps
    singular: webapp
  scope: Namespaced
  versions:
  - name: v1
    served: true
    storage: true
    subresources:
      status: {}
    schema:
      openAPIV3Schema:
        type: object
        properties:
          spec:
            type: object
            required: [message]
            properties:
              message:
                type: string
              replicas:
                type: integer
                default: 1
          status:
            type: object
            properties:
              configMapName:
                type: string
              phase:
                type: string
              observedGeneration:
                type: integer
EOF

#> 4
# Create WebApp
cat <<EOF | kubectl apply -f -
apiVersion: apps.example.com/v1
kind: WebApp
metadata:
  name: test-app
spec:
  message: "Hello World"
  replicas: 1
EOF

#> 5
# First reconciliation - create ConfigMap
cat <<EOF | kubectl apply -f -
apiVersion: v1
kind: ConfigMap
metadata:
  name: test-app-config
  ownerReferences:
  - apiVersion: apps.example.com/v1
    kind: WebApp
    name: test-app
    uid: $(kubectl get webapp test-app -o jsonpath='{.metadata.uid}')
    controller: true
data:
  message: "Hello World"
EOF

#> 6
# Get initial resource version
kubectl get webapp test-app -o jsonpath='{.metadata.resourceVersion}'
echo ""

# Update status (without subresource - wrong!)
kubectl patch webapp test-app --type=merge -p '{"status":{"phase":"Ready"}}'

# Check resource version again
kubectl get webapp test-app -o jsonpath='{.metadata.resourceVersion}'
echo ""

#> 7
# This does NOT change spec resourceVersion
kubectl patch webapp test-app --subresource=status --type=merge -p '{"status":{"phase":"Ready","configMapName":"test-app-config"}}'

# Check resource version
kubectl get webapp test-app -o jsonpath='{.metadata.resourceVersion}'
echo ""

#> 8
# Get current generation
GENERATION=$(kubectl get webapp test-app -o jsonpath='{.metadata.generation}')
echo "Generation: $GENERATION"

# Update status with observedGeneration
kubectl patch webapp test-app --subresource=status --type=merge -p "{\"status\":{\"observedGeneration\":$GENERATION}}"

# Operator should skip if observedGeneration == generation

#> 9 write
# Create script that mimics bad operator behavior
cat > /tmp/bad-operator.sh << 'EOF'
#!/bin/bash
count=0
while [ $count -lt 20 ]; do
  # Get webapp
  MESSAGE=$(kubectl get webapp test-app -o jsonpath='{.spec.message}')
  
  # Create/update ConfigMap (triggers change)
  kubectl create configmap test-app-config \
    --from-literal=message="$MESSAGE" \
    --dry-run=client -o yaml | kubectl apply -f -
  
  # Update spec (WRONG - triggers reconciliation)
  kubectl patch webapp test-app --type=merge -p "{\"spec\":{\"lastReconciled\":\"$(date +%s)\"}}" 2>/dev/null
  
  count=$((count + 1))
  echo "Reconciliation $count"
  sleep 1
done
EOF

chmod +x /tmp/bad-operator.sh

#> 9 run
/tmp/bad-operator.sh

#> 10
kubectl get events --sort-by='.lastTimestamp' | grep test-app | tail -20

#> 11
# Delete WebApp
kubectl delete webapp test-app

# ConfigMap should be deleted automatically
sleep 2
kubectl get configmap test-app-config 2>&1 || echo "ConfigMap deleted (garbage collected)"

#> 12 create
cat <<EOF | kubectl apply -f -
apiVersion: apps.example.com/v1
kind: WebApp
metadata:
  name: with-finalizer
  finalizers:
  - apps.example.com/cleanup
spec:
  message: "Testing finalizers"
EOF

#> 12 delete
kubectl delete webapp with-finalizer

#> 12 look
kubectl get webapp with-finalizer

#> 12 release
kubectl patch webapp with-finalizer --type=json -p='[{"op": "remove", "path": "/metadata/finalizers"}]'

#> 13
cat <<EOF | kubectl apply -f -
apiVersion: apps.example.com/v1
kind: WebApp
metadata:
  name: with-conditions
spec:
  message: "Testing conditions"
EOF

# Update status with conditions
kubectl patch webapp with-conditions --subresource=status --type=merge -p '{
  "status": {
    "phase": "Creating",
    "conditions": [
      {
        "type": "ConfigMapReady",
        "status": "False",
        "reason": "Creating",
        "message": "ConfigMap is being created",
        "lastTransitionTime": "'$(date -u +%Y-%m-%dT%H:%M:%SZ)'"
      }
    ]
  }
}'

kubectl get webapp with-conditions -o yaml | grep -A 10 status

#> 14
cat > /tmp/smart-reconcile.sh << 'EOF'
#!/bin/bash
WEBAPP=$1
RETRY_COUNT=0
MAX_RETRIES=3

reconcile() {
  echo "Reconciling $WEBAPP (attempt $RETRY_COUNT)"
  
  # Check if ConfigMap exists
  if kubectl get configmap ${WEBAPP}-config &>/dev/null; then
    echo "ConfigMap exists, checking if update needed"
    # Only update if message changed
    return 0
  else
    echo "Creating ConfigMap"
    MESSAGE=$(kubectl get webapp $WEBAPP -o jsonpath='{.spec.message}')
    kubectl create configmap ${WEBAPP}-config --from-literal=message="$MESSAGE"
  fi
}

while [ $RETRY_COUNT -lt $MAX_RETRIES ]; do
  if reconcile; then
    echo "Reconciliation successful"
    exit 0
  else
    RETRY_COUNT=$((RETRY_COUNT + 1))
    BACKOFF=$((2 ** RETRY_COUNT))
    echo "Reconciliation failed, retrying in ${BACKOFF}s"
    sleep $BACKOFF
  fi
done

echo "Reconciliation failed after $MAX_RETRIES attempts"
exit 1
EOF

chmod +x /tmp/smart-reconcile.sh
/tmp/smart-reconcile.sh with-conditions

#> 15
# Check how many times object was updated
kubectl get webapp with-conditions -o jsonpath='{.metadata.resourceVersion}'
echo ""

# Check generation
kubectl get webapp with-conditions -o jsonpath='{.metadata.generation}'
echo ""

# Update spec (increments generation)
kubectl patch webapp with-conditions --type=merge -p '{"spec":{"message":"Updated"}}'

# Check generation again
kubectl get webapp with-conditions -o jsonpath='{.metadata.generation}'
echo ""

#> cleanup
kubectl delete webapp --all
kubectl delete configmap test-app-config with-conditions-config 2>/dev/null
kubectl delete crd webapps.apps.example.com
kubectl delete clusterrolebinding webapp-operator 2>/dev/null
kubectl delete clusterrole webapp-operator 2>/dev/null
kubectl delete serviceaccount webapp-operator 2>/dev/null
rm -f /tmp/operator.py /tmp/bad-operator.sh /tmp/smart-reconcile.sh
