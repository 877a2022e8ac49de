import { readFileSync } from 'node:fs';
import { openApi } from '#api';
import { runLoad } from '#world';
const api=openApi(readFileSync('/work/main/src/api/envoy-v3-1.40.0.binpb'));
const config=JSON.stringify({static_resources:{listeners:[{address:{socket_address:{address:'127.0.0.1',port_value:10000}},filter_chains:[{filters:[{name:'h',typed_config:{'@type':'type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager',stat_prefix:'b',route_config:{name:'l',virtual_hosts:[{name:'a',domains:['*'],routes:[{match:{prefix:'/'},route:{cluster:'web'}}]}]},http_filters:[{name:'r',typed_config:{'@type':'type.googleapis.com/envoy.extensions.filters.http.router.v3.Router'}}]}}]}]}],clusters:[{name:'web',load_assignment:{cluster_name:'web',endpoints:[{lb_endpoints:[{endpoint:{address:{socket_address:{address:'127.0.0.1',port_value:80}}}}]}]}}]}});
const load={config,upstreams:[{name:'web',address:'127.0.0.1:80'}],request:{to:'127.0.0.1:10000',path:'/shop'},times:3000};
runLoad(api,load,{seed:'x',trace:false});
const t=performance.now(); const N=100000; runLoad(api,{...load,times:N},{seed:'x',trace:false}); console.log('rps',(N*1000/(performance.now()-t)).toFixed(0));
